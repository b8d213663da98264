"""The audit trail is chained: a queue that a trigger fills, links that are only added to, a signed head a hospital."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it; what was done before stands at the beginning of the chain."""
    op.create_table(
        "audit_unchained",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_audit_unchained_hospital_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_unchained")),
    )
    op.create_table(
        "audit_links",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("chained_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_audit_links_hospital_id")),
        sa.PrimaryKeyConstraint("hospital_id", "sequence", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_links_event_id")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_audit_heads_hospital_id")),
        sa.PrimaryKeyConstraint("hospital_id", name=op.f("pk_audit_heads")),
    )
    op.drop_index("ix_audit_events_hospital_id_at", table_name="audit_events")
    op.create_index("ix_audit_events_hospital_id_at", "audit_events", ["hospital_id", "at", "id"], unique=False)
    op.create_index("ix_audit_events_actor", "audit_events", ["hospital_id", "actor_id", "at", "id"], unique=False)
    op.create_index("ix_audit_events_action", "audit_events", ["hospital_id", "action", "at", "id"], unique=False)
    op.execute(
        """
        CREATE FUNCTION queue_for_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO audit_unchained (event_id, hospital_id) SELECT id, hospital_id FROM added;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_events_queued AFTER INSERT ON audit_events REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION queue_for_audit_chain()"
    )
    op.execute(
        "CREATE TRIGGER audit_links_append_only BEFORE UPDATE OR DELETE ON audit_links "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()"
    )
    op.execute(
        "CREATE TRIGGER audit_links_never_emptied BEFORE TRUNCATE ON audit_links "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()"
    )
    op.execute("INSERT INTO audit_unchained (event_id, hospital_id) SELECT id, hospital_id FROM audit_events")


def downgrade() -> None:
    """Take it back; the events stay."""
    op.execute("DROP TRIGGER audit_events_queued ON audit_events")
    op.execute("DROP FUNCTION queue_for_audit_chain()")
    op.drop_index("ix_audit_events_action", table_name="audit_events")
    op.drop_index("ix_audit_events_actor", table_name="audit_events")
    op.drop_index("ix_audit_events_hospital_id_at", table_name="audit_events")
    op.create_index("ix_audit_events_hospital_id_at", "audit_events", ["hospital_id", "at"], unique=False)
    op.drop_table("audit_heads")
    op.drop_table("audit_links")
    op.drop_table("audit_unchained")

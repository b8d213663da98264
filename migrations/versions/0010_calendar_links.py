"""Secret addresses of doctors' calendars, and whether those name patients."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    names = sa.Column("calendars_show_names", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("hospitals", names)
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "calendar_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("last_used_at", instant, nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_calendar_links_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_calendar_links_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_links_token_hash")),
    )
    op.create_index("ix_calendar_links_doctor_id", "calendar_links", ["doctor_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("calendar_links")
    op.drop_column("hospitals", "calendars_show_names")

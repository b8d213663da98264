"""What was done to affected appointments in one go, and how messages are sent and in which words."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    op.create_table(
        "affected_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_affected_batches_created_by_id")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_affected_batches_hospital_id")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["users.id"], name=op.f("fk_affected_batches_undone_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affected_batches")),
        sa.UniqueConstraint("hospital_id", "id", name=op.f("uq_affected_batches_hospital_id_id")),
    )
    op.create_index(
        "ix_affected_batches_hospital_id_created_at", "affected_batches", ["hospital_id", "created_at"], unique=False
    )
    op.create_table(
        "message_providers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("url_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("channel IN ('in_app', 'sms', 'email')", name=op.f("ck_message_providers_channel")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_message_providers_hospital_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["users.id"], name=op.f("fk_message_providers_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_providers")),
        sa.UniqueConstraint("hospital_id", "channel", name=op.f("uq_message_providers_hospital_id_channel")),
    )
    op.create_table(
        "message_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_message_templates_hospital_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["users.id"], name=op.f("fk_message_templates_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
        sa.UniqueConstraint(
            "hospital_id", "event", "language", name=op.f("uq_message_templates_hospital_id_event_language")
        ),
    )
    op.create_table(
        "affected_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("affected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("from_doctor_id", sa.Uuid(), nullable=False),
        sa.Column("from_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_token_number", sa.Integer(), nullable=False),
        sa.Column("from_slot_minutes", sa.Integer(), nullable=False),
        sa.Column("to_doctor_id", sa.Uuid(), nullable=True),
        sa.Column("to_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column(
            "refusal_facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_refusal", sa.String(), nullable=True),
        sa.Column(
            "undo_refusal_facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint("action IN ('MOVE', 'KEEP', 'CANCEL')", name=op.f("ck_affected_steps_action")),
        sa.CheckConstraint(
            "cause IN ('ABSENCE', 'HOLIDAY', 'SCHEDULE_CHANGE', 'DOCTOR_UNAVAILABLE')",
            name=op.f("ck_affected_steps_cause"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "appointment_id"],
            ["appointments.hospital_id", "appointments.id"],
            name=op.f("fk_affected_steps_hospital_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "batch_id"],
            ["affected_batches.hospital_id", "affected_batches.id"],
            name=op.f("fk_affected_steps_hospital_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "from_doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_affected_steps_hospital_id_from_doctor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "to_doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_affected_steps_hospital_id_to_doctor_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_affected_steps_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affected_steps")),
        sa.UniqueConstraint("batch_id", "appointment_id", name=op.f("uq_affected_steps_batch_id_appointment_id")),
    )
    op.create_index("ix_affected_steps_appointment_id", "affected_steps", ["appointment_id"], unique=False)
    op.add_column("appointments", sa.Column("kept_cause", sa.String(), nullable=True))
    op.add_column("hospitals", sa.Column("message_language", sa.String(), server_default="en", nullable=False))
    op.add_column(
        "notifications",
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("notifications", sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notifications", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notifications", sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notifications", sa.Column("sendings", sa.Integer(), server_default="1", nullable=False))
    op.add_column("notifications", sa.Column("phoned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notifications", sa.Column("phoned_by_id", sa.Uuid(), nullable=True))
    op.drop_index(
        op.f("ix_notifications_queue"), table_name="notifications", postgresql_where=sa.text("state = 'QUEUED'")
    )
    op.create_index(
        "ix_notifications_queue",
        "notifications",
        ["next_attempt_at", "created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'QUEUED'"),
    )
    op.create_index(
        "ix_notifications_hospital_id_created_at", "notifications", ["hospital_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_notifications_to_phone",
        "notifications",
        ["hospital_id", "created_at"],
        unique=False,
        postgresql_where=sa.text(
            "state IN ('FAILED', 'NOT_CONFIGURED') AND channel <> 'in_app' AND phoned_at IS NULL"
            " AND event <> 'appointment.booked'"
        ),
    )
    op.create_index(
        "ix_notifications_phoned",
        "notifications",
        ["hospital_id", "phoned_at"],
        unique=False,
        postgresql_where=sa.text("phoned_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL AND channel = 'in_app'"),
    )
    op.create_foreign_key(op.f("fk_notifications_phoned_by_id"), "notifications", "users", ["phoned_by_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_appointments_kept_cause"),
        "appointments",
        "kept_cause IN ('ABSENCE', 'HOLIDAY', 'SCHEDULE_CHANGE', 'DOCTOR_UNAVAILABLE')",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_constraint(op.f("ck_appointments_kept_cause"), "appointments", type_="check")
    op.drop_constraint(op.f("fk_notifications_phoned_by_id"), "notifications", type_="foreignkey")
    op.drop_index(
        "ix_notifications_unread",
        table_name="notifications",
        postgresql_where=sa.text("read_at IS NULL AND channel = 'in_app'"),
    )
    op.drop_index(
        "ix_notifications_to_phone",
        table_name="notifications",
        postgresql_where=sa.text(
            "state IN ('FAILED', 'NOT_CONFIGURED') AND channel <> 'in_app' AND phoned_at IS NULL"
            " AND event <> 'appointment.booked'"
        ),
    )
    op.drop_index(
        "ix_notifications_phoned", table_name="notifications", postgresql_where=sa.text("phoned_at IS NOT NULL")
    )
    op.drop_index("ix_notifications_hospital_id_created_at", table_name="notifications")
    op.drop_index("ix_notifications_queue", table_name="notifications", postgresql_where=sa.text("state = 'QUEUED'"))
    op.create_index(
        op.f("ix_notifications_queue"),
        "notifications",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'QUEUED'"),
    )
    op.drop_column("notifications", "phoned_by_id")
    op.drop_column("notifications", "phoned_at")
    op.drop_column("notifications", "sendings")
    op.drop_column("notifications", "claimed_until")
    op.drop_column("notifications", "expires_at")
    op.drop_column("notifications", "next_attempt_at")
    op.drop_column("notifications", "facts")
    op.drop_column("hospitals", "message_language")
    op.drop_column("appointments", "kept_cause")
    op.drop_index("ix_affected_steps_appointment_id", table_name="affected_steps")
    op.drop_table("affected_steps")
    op.drop_table("message_templates")
    op.drop_table("message_providers")
    op.drop_index("ix_affected_batches_hospital_id_created_at", table_name="affected_batches")
    op.drop_table("affected_batches")

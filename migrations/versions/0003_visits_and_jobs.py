"""The visit itself: vitals, consultations, no-shows and alerts; and the runs of the periodic jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    op.create_table(
        "cron_api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cron_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_cron_api_keys_key_hash")),
    )
    op.create_table(
        "cron_job_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("job_name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("also_asked_by", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("items_processed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("triggered_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("job_name IN ('NO_SHOW_CHECK')", name=op.f("ck_cron_job_runs_job_name")),
        sa.CheckConstraint("source IN ('SCHEDULER', 'EXTERNAL', 'MANUAL')", name=op.f("ck_cron_job_runs_source")),
        sa.CheckConstraint("status IN ('RUNNING', 'SUCCESS', 'ERROR', 'LOST')", name=op.f("ck_cron_job_runs_status")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_cron_job_runs_hospital_id")),
        sa.ForeignKeyConstraint(["triggered_by_id"], ["users.id"], name=op.f("fk_cron_job_runs_triggered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cron_job_runs")),
    )
    op.create_index(
        "ix_cron_job_runs_hospital_id_job_name_started_at",
        "cron_job_runs",
        ["hospital_id", "job_name", "started_at"],
        unique=False,
    )
    op.create_index("ix_cron_job_runs_started_at", "cron_job_runs", ["started_at"], unique=False)
    op.create_index(
        "uq_cron_job_runs_running",
        "cron_job_runs",
        ["hospital_id", "job_name"],
        unique=True,
        postgresql_where=sa.text("status = 'RUNNING'"),
    )
    op.create_table(
        "job_leases",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("job_name", sa.String(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("job_name IN ('NO_SHOW_CHECK')", name=op.f("ck_job_leases_job_name")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_job_leases_hospital_id")),
        sa.ForeignKeyConstraint(["run_id"], ["cron_job_runs.id"], name=op.f("fk_job_leases_run_id")),
        sa.PrimaryKeyConstraint("hospital_id", "job_name", name=op.f("pk_job_leases")),
    )
    op.create_table(
        "job_alarms",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("job_name", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("job_name IN ('NO_SHOW_CHECK')", name=op.f("ck_job_alarms_job_name")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_job_alarms_hospital_id")),
        sa.PrimaryKeyConstraint("hospital_id", "job_name", name=op.f("pk_job_alarms")),
    )
    op.create_table(
        "consultations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("chief_complaint", sa.String(), nullable=True),
        sa.Column("diagnosis", postgresql.ARRAY(sa.TEXT()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("prescription", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("abandon_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status IN ('STARTED', 'IN_PROGRESS', 'COMPLETED', 'ABANDONED')", name=op.f("ck_consultations_status")
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "appointment_id"],
            ["appointments.hospital_id", "appointments.id"],
            name=op.f("fk_consultations_hospital_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_consultations_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_consultations_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
        sa.UniqueConstraint("hospital_id", "id", name=op.f("uq_consultations_hospital_id_id")),
    )
    op.create_index("ix_consultations_appointment_id", "consultations", ["appointment_id"], unique=False)
    op.create_index("ix_consultations_doctor_id_started_at", "consultations", ["doctor_id", "started_at"], unique=False)
    op.create_index(
        "uq_consultations_open",
        "consultations",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('IN_PROGRESS', 'STARTED')"),
    )
    op.create_table(
        "no_show_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("slot_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timeout_minutes", sa.Integer(), nullable=False),
        sa.Column("slot_released", sa.Boolean(), nullable=False),
        sa.Column("slot_released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("previous_status", sa.String(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reverted_by_id", sa.Uuid(), nullable=True),
        sa.Column("revert_note", sa.String(), nullable=True),
        sa.CheckConstraint(
            "previous_status IN ('SCHEDULED', 'CONFIRMED', 'CHECKED_IN', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW')",
            name=op.f("ck_no_show_logs_previous_status"),
        ),
        sa.CheckConstraint(
            "reason IN ('AUTO_TIMEOUT', 'MANUAL_STAFF', 'MANUAL_DOCTOR', 'PATIENT_CALLED')",
            name=op.f("ck_no_show_logs_reason"),
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_no_show_logs_created_by_id")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "appointment_id"],
            ["appointments.hospital_id", "appointments.id"],
            name=op.f("fk_no_show_logs_hospital_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_no_show_logs_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "patient_id"],
            ["patients.hospital_id", "patients.id"],
            name=op.f("fk_no_show_logs_hospital_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_no_show_logs_hospital_id")),
        sa.ForeignKeyConstraint(["reverted_by_id"], ["users.id"], name=op.f("fk_no_show_logs_reverted_by_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["cron_job_runs.id"], name=op.f("fk_no_show_logs_run_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_no_show_logs")),
    )
    op.create_index("ix_no_show_logs_appointment_id", "no_show_logs", ["appointment_id"], unique=False)
    op.create_index("ix_no_show_logs_doctor_id_created_at", "no_show_logs", ["doctor_id", "created_at"], unique=False)
    op.create_index(
        "ix_no_show_logs_hospital_id_created_at", "no_show_logs", ["hospital_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_no_show_logs_patient_id_created_at", "no_show_logs", ["patient_id", "created_at"], unique=False)
    op.create_index("ix_no_show_logs_run_id", "no_show_logs", ["run_id"], unique=False)
    op.create_index(
        "uq_no_show_logs_live",
        "no_show_logs",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("reverted_at IS NULL"),
    )
    op.create_table(
        "stage_alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("alert_type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by_id", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_id", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolve_note", sa.String(), nullable=True),
        sa.CheckConstraint("alert_type IN ('NO_VITALS', 'NO_DOCTOR')", name=op.f("ck_stage_alerts_alert_type")),
        sa.CheckConstraint("status IN ('ACTIVE', 'ACKNOWLEDGED', 'RESOLVED')", name=op.f("ck_stage_alerts_status")),
        sa.ForeignKeyConstraint(["acknowledged_by_id"], ["users.id"], name=op.f("fk_stage_alerts_acknowledged_by_id")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "appointment_id"],
            ["appointments.hospital_id", "appointments.id"],
            name=op.f("fk_stage_alerts_hospital_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_stage_alerts_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "patient_id"],
            ["patients.hospital_id", "patients.id"],
            name=op.f("fk_stage_alerts_hospital_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_stage_alerts_hospital_id")),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["users.id"], name=op.f("fk_stage_alerts_resolved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_alerts")),
    )
    op.create_index("ix_stage_alerts_appointment_id", "stage_alerts", ["appointment_id"], unique=False)
    op.create_index(
        "ix_stage_alerts_board",
        "stage_alerts",
        ["hospital_id", "waiting_since"],
        unique=False,
        postgresql_where=sa.text("status IN ('ACKNOWLEDGED', 'ACTIVE')"),
    )
    op.create_index(
        "ix_stage_alerts_hospital_id_created_at", "stage_alerts", ["hospital_id", "created_at"], unique=False
    )
    op.create_index(
        "uq_stage_alerts_live",
        "stage_alerts",
        ["appointment_id", "alert_type"],
        unique=True,
        postgresql_where=sa.text("status IN ('ACKNOWLEDGED', 'ACTIVE')"),
    )
    op.create_table(
        "vitals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("temperature_c", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("pulse_bpm", sa.Integer(), nullable=True),
        sa.Column("systolic_mm_hg", sa.Integer(), nullable=True),
        sa.Column("diastolic_mm_hg", sa.Integer(), nullable=True),
        sa.Column("respiratory_rate", sa.Integer(), nullable=True),
        sa.Column("spo2_percent", sa.Integer(), nullable=True),
        sa.Column("weight_kg", sa.Numeric(precision=5, scale=1), nullable=True),
        sa.Column("height_cm", sa.Numeric(precision=5, scale=1), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(temperature_c, pulse_bpm, systolic_mm_hg, diastolic_mm_hg, respiratory_rate, spo2_percent, weight_kg, height_cm) > 0",
            name=op.f("ck_vitals_a_reading"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "appointment_id"],
            ["appointments.hospital_id", "appointments.id"],
            name=op.f("fk_vitals_hospital_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_vitals_hospital_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["users.id"], name=op.f("fk_vitals_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vitals")),
    )
    op.create_index("ix_vitals_appointment_id_recorded_at", "vitals", ["appointment_id", "recorded_at"], unique=False)
    op.create_table(
        "consultation_participants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("added_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role <> 'PRIMARY'", name=op.f("ck_consultation_participants_not_primary")),
        sa.CheckConstraint(
            "role IN ('PRIMARY', 'CONSULTING', 'ASSISTING', 'SUPERVISING')",
            name=op.f("ck_consultation_participants_role"),
        ),
        sa.ForeignKeyConstraint(["added_by_id"], ["users.id"], name=op.f("fk_consultation_participants_added_by_id")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "consultation_id"],
            ["consultations.hospital_id", "consultations.id"],
            name=op.f("fk_consultation_participants_hospital_id_consultation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_consultation_participants_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospitals.id"], name=op.f("fk_consultation_participants_hospital_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_participants")),
        sa.UniqueConstraint(
            "consultation_id", "doctor_id", name=op.f("uq_consultation_participants_consultation_id_doctor_id")
        ),
    )
    op.add_column("appointments", sa.Column("no_show_review_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("appointments", sa.Column("no_show_answered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_appointments_due",
        "appointments",
        ["hospital_id", "ends_at"],
        unique=False,
        postgresql_where=sa.text(
            "status IN ('SCHEDULED', 'CONFIRMED') AND affected_cause IS NULL AND no_show_review_at IS NULL"
        ),
    )
    op.create_index(
        "ix_appointments_no_show_review",
        "appointments",
        ["hospital_id", "starts_at"],
        unique=False,
        postgresql_where=sa.text(
            "status IN ('SCHEDULED', 'CONFIRMED') AND no_show_review_at IS NOT NULL AND no_show_answered_at IS NULL"
        ),
    )
    op.create_index(
        "ix_appointments_waiting",
        "appointments",
        ["hospital_id", "starts_at"],
        unique=False,
        postgresql_where=sa.text("status = 'CHECKED_IN'"),
    )
    op.add_column(
        "patients", sa.Column("is_auto_blocked", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_column("patients", "is_auto_blocked")
    op.drop_index(
        "ix_appointments_waiting", table_name="appointments", postgresql_where=sa.text("status = 'CHECKED_IN'")
    )
    op.drop_index(
        "ix_appointments_no_show_review",
        table_name="appointments",
        postgresql_where=sa.text(
            "status IN ('SCHEDULED', 'CONFIRMED') AND no_show_review_at IS NOT NULL AND no_show_answered_at IS NULL"
        ),
    )
    op.drop_index(
        "ix_appointments_due",
        table_name="appointments",
        postgresql_where=sa.text(
            "status IN ('SCHEDULED', 'CONFIRMED') AND affected_cause IS NULL AND no_show_review_at IS NULL"
        ),
    )
    op.drop_column("appointments", "no_show_answered_at")
    op.drop_column("appointments", "no_show_review_at")
    op.drop_table("consultation_participants")
    op.drop_index("ix_vitals_appointment_id_recorded_at", table_name="vitals")
    op.drop_table("vitals")
    op.drop_index(
        "uq_stage_alerts_live",
        table_name="stage_alerts",
        postgresql_where=sa.text("status IN ('ACKNOWLEDGED', 'ACTIVE')"),
    )
    op.drop_index("ix_stage_alerts_hospital_id_created_at", table_name="stage_alerts")
    op.drop_index(
        "ix_stage_alerts_board",
        table_name="stage_alerts",
        postgresql_where=sa.text("status IN ('ACKNOWLEDGED', 'ACTIVE')"),
    )
    op.drop_index("ix_stage_alerts_appointment_id", table_name="stage_alerts")
    op.drop_table("stage_alerts")
    op.drop_index("uq_no_show_logs_live", table_name="no_show_logs", postgresql_where=sa.text("reverted_at IS NULL"))
    op.drop_index("ix_no_show_logs_run_id", table_name="no_show_logs")
    op.drop_index("ix_no_show_logs_patient_id_created_at", table_name="no_show_logs")
    op.drop_index("ix_no_show_logs_hospital_id_created_at", table_name="no_show_logs")
    op.drop_index("ix_no_show_logs_doctor_id_created_at", table_name="no_show_logs")
    op.drop_index("ix_no_show_logs_appointment_id", table_name="no_show_logs")
    op.drop_table("no_show_logs")
    op.drop_index(
        "uq_consultations_open",
        table_name="consultations",
        postgresql_where=sa.text("status IN ('IN_PROGRESS', 'STARTED')"),
    )
    op.drop_index("ix_consultations_doctor_id_started_at", table_name="consultations")
    op.drop_index("ix_consultations_appointment_id", table_name="consultations")
    op.drop_table("consultations")
    op.drop_table("job_alarms")
    op.drop_table("job_leases")
    op.drop_index(
        "uq_cron_job_runs_running", table_name="cron_job_runs", postgresql_where=sa.text("status = 'RUNNING'")
    )
    op.drop_index("ix_cron_job_runs_started_at", table_name="cron_job_runs")
    op.drop_index("ix_cron_job_runs_hospital_id_job_name_started_at", table_name="cron_job_runs")
    op.drop_table("cron_job_runs")
    op.drop_table("cron_api_keys")

"""The first tables: hospitals and users, doctors and their time, patients, appointments, and what is written beside them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    # Both are trusted extensions: the owner of a database may add them without being a superuser.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "hospitals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("last_mrn", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hospitals")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_audit_events_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(
        "ix_audit_events_hospital_id_at",
        "audit_events",
        ["hospital_id", "at"],
        unique=False,
    )
    op.create_index(
        "ix_audit_events_record",
        "audit_events",
        ["hospital_id", "record_type", "record_id", "at"],
        unique=False,
    )
    op.create_table(
        "hospital_holidays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("is_recurring", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"],
            ["hospitals.id"],
            name=op.f("fk_hospital_holidays_hospital_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hospital_holidays")),
    )
    op.create_index(
        "ix_hospital_holidays_hospital_id_date",
        "hospital_holidays",
        ["hospital_id", "date"],
        unique=False,
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("mrn", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column(
            "phone_digits",
            sa.String(),
            sa.Computed("regexp_replace(phone, '[^0-9]', '', 'g')", persisted=True),
            nullable=True,
        ),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("status", sa.String(), server_default="ACTIVE", nullable=False),
        sa.Column("no_show_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lifetime_no_shows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_reason", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "sex IN ('FEMALE', 'MALE', 'OTHER', 'UNKNOWN')",
            name=op.f("ck_patients_sex"),
        ),
        sa.CheckConstraint("status IN ('ACTIVE', 'BLOCKED')", name=op.f("ck_patients_status")),
        sa.CheckConstraint("no_show_count >= 0", name=op.f("ck_patients_no_show_count")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_patients_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("hospital_id", "id", name=op.f("uq_patients_hospital_id_id")),
        sa.UniqueConstraint("hospital_id", "mrn", name=op.f("uq_patients_hospital_id_mrn")),
    )
    op.create_index(
        "ix_patients_hospital_id_name",
        "patients",
        ["hospital_id", "name", "id"],
        unique=False,
    )
    op.create_index(
        "ix_patients_mrn_trgm",
        "patients",
        ["mrn"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"mrn": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_patients_name_trgm",
        "patients",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_patients_phone_trgm",
        "patients",
        ["phone_digits"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"phone_digits": "gin_trgm_ops"},
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('ADMIN', 'DOCTOR', 'NURSE', 'RECEPTIONIST')",
            name=op.f("ck_users_role"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_users_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("hospital_id", "id", name=op.f("uq_users_hospital_id_id")),
    )
    op.create_index(
        "uq_users_email_lower",
        "users",
        [sa.literal_column("lower(email)")],
        unique=True,
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "doctors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("slot_duration", sa.Integer(), nullable=False),
        sa.Column("max_patients_per_day", sa.Integer(), nullable=False),
        sa.Column("is_available", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "max_patients_per_day BETWEEN 1 AND 500",
            name=op.f("ck_doctors_max_patients_per_day"),
        ),
        sa.CheckConstraint("slot_duration BETWEEN 5 AND 240", name=op.f("ck_doctors_slot_duration")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "user_id"],
            ["users.hospital_id", "users.id"],
            name=op.f("fk_doctors_hospital_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_doctors_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctors")),
        sa.UniqueConstraint("hospital_id", "id", name=op.f("uq_doctors_hospital_id_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_doctors_user_id")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id")),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        "ix_idempotency_keys_created_at",
        "idempotency_keys",
        ["created_at"],
        unique=False,
    )
    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_sessions_token_hash")),
    )
    op.create_index(op.f("ix_login_sessions_user_id"), "login_sessions", ["user_id"], unique=False)
    op.create_table(
        "password_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_password_links_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_links_token_hash")),
    )
    op.create_index(op.f("ix_password_links_user_id"), "password_links", ["user_id"], unique=False)
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("token_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vitals_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("affected_cause", sa.String(), nullable=True),
        sa.Column("affected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_key", sa.String(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("doctor_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("status NOT IN ('CANCELLED', 'NO_SHOW')"),
            using="gist",
            name="ex_appointments_doctor_overlap",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("patient_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("status NOT IN ('CANCELLED', 'NO_SHOW')"),
            using="gist",
            name="ex_appointments_patient_overlap",
        ),
        sa.CheckConstraint(
            "affected_cause IN ('ABSENCE', 'HOLIDAY', 'SCHEDULE_CHANGE', 'DOCTOR_UNAVAILABLE')",
            name=op.f("ck_appointments_affected_cause"),
        ),
        sa.CheckConstraint(
            "status IN ('SCHEDULED', 'CONFIRMED', 'CHECKED_IN', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW')",
            name=op.f("ck_appointments_status"),
        ),
        sa.CheckConstraint(
            "type IN ('CONSULTATION', 'FOLLOW_UP', 'PROCEDURE', 'OTHER')",
            name=op.f("ck_appointments_type"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_appointments_span")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_appointments_created_by_id")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_appointments_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "patient_id"],
            ["patients.hospital_id", "patients.id"],
            name=op.f("fk_appointments_hospital_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_appointments_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("hospital_id", "id", name=op.f("uq_appointments_hospital_id_id")),
    )
    op.create_index(
        "ix_appointments_affected",
        "appointments",
        ["hospital_id", "doctor_id"],
        unique=False,
        postgresql_where=sa.text("affected_cause IS NOT NULL"),
    )
    op.create_index(
        "ix_appointments_doctor_id_starts_at",
        "appointments",
        ["doctor_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_appointments_hospital_id_starts_at",
        "appointments",
        ["hospital_id", "starts_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_appointments_patient_id_starts_at",
        "appointments",
        ["patient_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "uq_appointments_doctor_id_date_token_number",
        "appointments",
        ["doctor_id", "date", "token_number"],
        unique=True,
    )
    op.create_index(
        "uq_appointments_import_key",
        "appointments",
        ["hospital_id", "import_key"],
        unique=True,
        postgresql_where=sa.text("import_key IS NOT NULL"),
    )
    op.create_table(
        "doctor_absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("absence_type", sa.String(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=True),
        sa.Column("end_time", sa.Time(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("doctor_id"), "="),
            (
                sa.text(
                    "tsrange(start_date + coalesce(start_time, time '00:00'), CASE WHEN end_time IS NULL THEN end_date + interval '1 day' ELSE end_date + end_time END)"
                ),
                "&&",
            ),
            where=sa.text("status = 'ACTIVE'"),
            using="gist",
            name="ex_doctor_absences_overlap",
        ),
        sa.CheckConstraint(
            "absence_type IN ('ANNUAL_LEAVE', 'SICK_LEAVE', 'CONFERENCE', 'TRAINING', 'PERSONAL', 'EMERGENCY', 'OTHER')",
            name=op.f("ck_doctor_absences_absence_type"),
        ),
        sa.CheckConstraint("status IN ('ACTIVE', 'CANCELLED')", name=op.f("ck_doctor_absences_status")),
        sa.CheckConstraint(
            "(start_time IS NULL AND end_time IS NULL) OR (start_date = end_date AND start_time < end_time)",
            name=op.f("ck_doctor_absences_hours"),
        ),
        sa.CheckConstraint("start_date <= end_date", name=op.f("ck_doctor_absences_dates")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_doctor_absences_created_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_doctor_absences_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"],
            ["hospitals.id"],
            name=op.f("fk_doctor_absences_hospital_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_absences")),
        sa.UniqueConstraint("hospital_id", "id", name=op.f("uq_doctor_absences_hospital_id_id")),
    )
    op.create_table(
        "doctor_schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("day_of_week", sa.String(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("break_start", sa.Time(), nullable=True),
        sa.Column("break_end", sa.Time(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "day_of_week IN ('MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY')",
            name=op.f("ck_doctor_schedules_day_of_week"),
        ),
        sa.CheckConstraint(
            "(break_start IS NULL AND break_end IS NULL) OR (start_time <= break_start AND break_start < break_end AND break_end <= end_time)",
            name=op.f("ck_doctor_schedules_break"),
        ),
        sa.CheckConstraint("start_time < end_time", name=op.f("ck_doctor_schedules_hours")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_doctor_schedules_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"],
            ["hospitals.id"],
            name=op.f("fk_doctor_schedules_hospital_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_schedules")),
        sa.UniqueConstraint(
            "doctor_id",
            "day_of_week",
            name=op.f("uq_doctor_schedules_doctor_id_day_of_week"),
        ),
    )
    op.create_table(
        "doctor_slots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by_id", sa.Uuid(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_token_hash", sa.String(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_doctor_slots_span")),
        sa.ForeignKeyConstraint(["held_by_id"], ["users.id"], name=op.f("fk_doctor_slots_held_by_id")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_doctor_slots_hospital_id_doctor_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_slots")),
        sa.UniqueConstraint("doctor_id", "starts_at", name=op.f("uq_doctor_slots_doctor_id_starts_at")),
    )
    op.create_table(
        "token_counters",
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_token_counters_hospital_id_doctor_id"),
        ),
        sa.PrimaryKeyConstraint("doctor_id", "date", name=op.f("pk_token_counters")),
    )
    op.create_table(
        "slot_blocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_slot_blocks_span")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_slot_blocks_created_by_id")),
        sa.ForeignKeyConstraint(
            ["hospital_id", "doctor_id"],
            ["doctors.hospital_id", "doctors.id"],
            name=op.f("fk_slot_blocks_hospital_id_doctor_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_slot_blocks_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_blocks")),
    )
    op.create_index(
        "ix_slot_blocks_doctor_id_starts_at",
        "slot_blocks",
        ["doctor_id", "starts_at"],
        unique=False,
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="QUEUED", nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('in_app', 'sms', 'email')",
            name=op.f("ck_notifications_channel"),
        ),
        sa.CheckConstraint("priority IN ('NORMAL', 'HIGH')", name=op.f("ck_notifications_priority")),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'SENT', 'FAILED', 'SUPPRESSED', 'NOT_CONFIGURED')",
            name=op.f("ck_notifications_state"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "appointment_id"],
            ["appointments.hospital_id", "appointments.id"],
            name=op.f("fk_notifications_hospital_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "patient_id"],
            ["patients.hospital_id", "patients.id"],
            name=op.f("fk_notifications_hospital_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id", "user_id"],
            ["users.hospital_id", "users.id"],
            name=op.f("fk_notifications_hospital_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_notifications_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "hospital_id",
            "dedupe_key",
            name=op.f("uq_notifications_hospital_id_dedupe_key"),
        ),
    )
    op.create_index(
        "ix_notifications_appointment_id",
        "notifications",
        ["appointment_id"],
        unique=False,
    )
    op.create_index("ix_notifications_patient_id", "notifications", ["patient_id"], unique=False)
    op.create_index(
        "ix_notifications_queue",
        "notifications",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'QUEUED'"),
    )
    op.create_index(
        "ix_notifications_user_id",
        "notifications",
        ["user_id", "created_at"],
        unique=False,
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()"
    )
    op.execute(
        "CREATE TRIGGER audit_events_never_emptied BEFORE TRUNCATE ON audit_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()"
    )


def downgrade() -> None:
    """Take it back; the extensions stay, other schemas may use them."""
    op.drop_index("ix_notifications_user_id", table_name="notifications")
    op.drop_index(
        "ix_notifications_queue",
        table_name="notifications",
        postgresql_where=sa.text("state = 'QUEUED'"),
    )
    op.drop_index("ix_notifications_patient_id", table_name="notifications")
    op.drop_index("ix_notifications_appointment_id", table_name="notifications")
    op.drop_table("notifications")
    op.drop_index("ix_slot_blocks_doctor_id_starts_at", table_name="slot_blocks")
    op.drop_table("slot_blocks")
    op.drop_table("token_counters")
    op.drop_table("doctor_slots")
    op.drop_table("doctor_schedules")
    op.drop_table("doctor_absences")
    op.drop_index(
        "uq_appointments_import_key",
        table_name="appointments",
        postgresql_where=sa.text("import_key IS NOT NULL"),
    )
    op.drop_index("uq_appointments_doctor_id_date_token_number", table_name="appointments")
    op.drop_index("ix_appointments_patient_id_starts_at", table_name="appointments")
    op.drop_index("ix_appointments_hospital_id_starts_at", table_name="appointments")
    op.drop_index("ix_appointments_doctor_id_starts_at", table_name="appointments")
    op.drop_index(
        "ix_appointments_affected",
        table_name="appointments",
        postgresql_where=sa.text("affected_cause IS NOT NULL"),
    )
    op.drop_table("appointments")
    op.drop_index(op.f("ix_password_links_user_id"), table_name="password_links")
    op.drop_table("password_links")
    op.drop_index(op.f("ix_login_sessions_user_id"), table_name="login_sessions")
    op.drop_table("login_sessions")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("doctors")
    op.drop_index(op.f("ix_api_tokens_user_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index("uq_users_email_lower", table_name="users")
    op.drop_table("users")
    op.drop_index(
        "ix_patients_phone_trgm",
        table_name="patients",
        postgresql_using="gin",
        postgresql_ops={"phone_digits": "gin_trgm_ops"},
    )
    op.drop_index(
        "ix_patients_name_trgm",
        table_name="patients",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_index(
        "ix_patients_mrn_trgm",
        table_name="patients",
        postgresql_using="gin",
        postgresql_ops={"mrn": "gin_trgm_ops"},
    )
    op.drop_index("ix_patients_hospital_id_name", table_name="patients")
    op.drop_table("patients")
    op.drop_index("ix_hospital_holidays_hospital_id_date", table_name="hospital_holidays")
    op.drop_table("hospital_holidays")
    op.drop_index("ix_audit_events_record", table_name="audit_events")
    op.drop_index("ix_audit_events_hospital_id_at", table_name="audit_events")
    op.drop_table("audit_events")
    op.execute("DROP FUNCTION refuse_change_of_audit()")
    op.drop_table("hospitals")

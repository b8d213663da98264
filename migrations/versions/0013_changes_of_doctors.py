"""What was last changed about each doctor's days, so that a page that stands open need not be told all of them again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_DAYS = ("appointments", "doctor_slots", "doctor_absences", "doctor_schedules", "slot_blocks")
_ROWS = {
    "INSERT": "NEW TABLE AS changed",
    "UPDATE": "OLD TABLE AS former NEW TABLE AS changed",
    "DELETE": "OLD TABLE AS changed",
}
_FUNCTIONS = {
    # Nobody waits for anybody: what another transaction is just replacing is left to it.
    "note_doctors(concerned uuid[]) RETURNS void": """
        BEGIN
            IF cardinality(concerned) > 0 THEN
                DELETE FROM doctor_changes WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM doctor_changes WHERE doctor_id = ANY(concerned) FOR UPDATE SKIP LOCKED));
                INSERT INTO doctor_changes (doctor_id) SELECT unnest(concerned);
            END IF;
        END
    """,
    "note_days() RETURNS trigger": """
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                PERFORM note_doctors(ARRAY(SELECT doctor_id FROM changed UNION SELECT doctor_id FROM former));
            ELSE
                PERFORM note_doctors(ARRAY(SELECT DISTINCT doctor_id FROM changed));
            END IF;
            RETURN NULL;
        END
    """,
    "note_doctor() RETURNS trigger": """
        BEGIN
            PERFORM note_doctors(ARRAY[NEW.id]);
            RETURN NULL;
        END
    """,
    "note_holiday() RETURNS trigger": """
        BEGIN
            PERFORM note_doctors(ARRAY(
                SELECT id FROM doctors WHERE hospital_id IN (SELECT hospital_id FROM changed)));
            RETURN NULL;
        END
    """,
    "note_user() RETURNS trigger": """
        BEGIN
            PERFORM note_doctors(ARRAY(
                SELECT id FROM doctors WHERE user_id = NEW.id
                UNION SELECT doctor_id FROM doctor_slots WHERE held_until IS NOT NULL AND held_by_id = NEW.id));
            RETURN NULL;
        END
    """,
    "note_patient() RETURNS trigger": """
        BEGIN
            PERFORM note_doctors(ARRAY(SELECT DISTINCT doctor_id FROM appointments WHERE patient_id = NEW.id));
            RETURN NULL;
        END
    """,
}


def _after(event: str, table: str, function: str) -> str:
    return (
        f"CREATE TRIGGER {table}_{event.lower()}_noted AFTER {event} ON {table} REFERENCING {_ROWS[event]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
    )


def upgrade() -> None:
    """Apply it."""
    op.create_table(
        "doctor_changes",
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("doctor_id", "change", name=op.f("pk_doctor_changes")),
    )
    op.execute("INSERT INTO doctor_changes (doctor_id) SELECT id FROM doctors")
    for signature, body in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} LANGUAGE plpgsql AS $${body}$$")
    for table in _DAYS:
        for event in _ROWS:
            op.execute(_after(event, table, "note_days"))
    for event in _ROWS:
        op.execute(_after(event, "hospital_holidays", "note_holiday"))
    op.execute(
        "CREATE TRIGGER doctors_noted AFTER INSERT OR UPDATE ON doctors FOR EACH ROW EXECUTE FUNCTION note_doctor()"
    )
    op.execute(
        "CREATE TRIGGER users_noted AFTER UPDATE OF name, is_active ON users FOR EACH ROW "
        "WHEN ((OLD.name, OLD.is_active) IS DISTINCT FROM (NEW.name, NEW.is_active)) EXECUTE FUNCTION note_user()"
    )
    op.execute(
        "CREATE TRIGGER patients_noted AFTER UPDATE OF name ON patients FOR EACH ROW "
        "WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION note_patient()"
    )


def downgrade() -> None:
    """Take it back."""
    for table in (*_DAYS, "hospital_holidays"):
        for event in _ROWS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_noted ON {table}")
    for table in ("doctors", "users", "patients"):
        op.execute(f"DROP TRIGGER {table}_noted ON {table}")
    for signature in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature.partition('(')[0]}")
    op.drop_table("doctor_changes")

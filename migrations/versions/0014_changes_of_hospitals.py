"""What is told of many doctors leaves its mark at the hospital, so that none is missed who is just being added."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NOW = {
    "note_holiday": "PERFORM note_doctors(ARRAY(SELECT DISTINCT hospital_id FROM changed));",
    "note_user": "PERFORM note_doctors(ARRAY[NEW.hospital_id]);",
}
_BEFORE = {
    "note_holiday": """
        PERFORM note_doctors(ARRAY(SELECT id FROM doctors WHERE hospital_id IN (SELECT hospital_id FROM changed)));
    """,
    "note_user": """
        PERFORM note_doctors(ARRAY(
            SELECT id FROM doctors WHERE user_id = NEW.id
            UNION SELECT doctor_id FROM doctor_slots WHERE held_until IS NOT NULL AND held_by_id = NEW.id));
    """,
}


def _write(functions: dict[str, str]) -> None:
    for name, noting in functions.items():
        body = f"BEGIN {noting} RETURN NULL; END"
        op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")


def upgrade() -> None:
    """Apply it."""
    _write(_NOW)


def downgrade() -> None:
    """Take it back; whoever asks for the doctors' marks alone finds new ones."""
    _write(_BEFORE)
    op.execute("DELETE FROM doctor_changes")
    op.execute("INSERT INTO doctor_changes (doctor_id) SELECT id FROM doctors")

"""The mark of one doctor alone, which is that of nearly every change, is exchanged without being planned each time."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Of `= ANY` the server expects ten, so that for one it made a plan of its own each time, dearer than to carry it out.
_ONE = """
            IF cardinality(concerned) = 1 THEN
                DELETE FROM doctor_changes WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM doctor_changes WHERE doctor_id = concerned[1] FOR UPDATE SKIP LOCKED));
                INSERT INTO doctor_changes (doctor_id) VALUES (concerned[1]);
                RETURN;
            END IF;
"""
_MANY = """
            IF cardinality(concerned) > 0 THEN
                DELETE FROM doctor_changes WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM doctor_changes WHERE doctor_id = ANY(concerned) FOR UPDATE SKIP LOCKED));
                INSERT INTO doctor_changes (doctor_id) SELECT unnest(concerned);
            END IF;
"""


def _write(*parts: str) -> None:
    body = "BEGIN" + "".join(parts) + "        END"
    op.execute(
        f"CREATE OR REPLACE FUNCTION note_doctors(concerned uuid[]) RETURNS void LANGUAGE plpgsql AS $mark$ {body} $mark$"
    )


def upgrade() -> None:
    """Apply it."""
    _write(_ONE, _MANY)


def downgrade() -> None:
    """Take it back."""
    _write(_MANY)

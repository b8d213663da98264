"""Which doctors a hospital has, and in which departments, leaves a mark at the hospital as their names do."""

from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

# What they do is the same for every table: they mark the hospitals, or the hospital, of what was changed.
_RENAMED = {"note_holiday": "note_hospitals", "note_user": "note_hospital"}
_TRIGGERS = {
    "doctors_insert_noted": (
        "AFTER INSERT ON doctors REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_hospitals()"
    ),
    "doctors_delete_noted": (
        "AFTER DELETE ON doctors REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_hospitals()"
    ),
    "doctors_moved_noted": (
        "AFTER UPDATE OF department, user_id ON doctors FOR EACH ROW WHEN ((OLD.department, OLD.user_id) IS DISTINCT "
        "FROM (NEW.department, NEW.user_id)) EXECUTE FUNCTION note_hospital()"
    ),
}


def upgrade() -> None:
    """Apply it; every hospital gets a new mark, for nobody has noted its doctors before."""
    for former, name in _RENAMED.items():
        op.execute(f"ALTER FUNCTION {former}() RENAME TO {name}")
    for name, when in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {when}")
    op.execute("SELECT note_doctors(ARRAY(SELECT id FROM hospitals))")


def downgrade() -> None:
    """Take it back."""
    for name in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON doctors")
    for former, name in _RENAMED.items():
        op.execute(f"ALTER FUNCTION {name}() RENAME TO {former}")

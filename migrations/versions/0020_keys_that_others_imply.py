"""What is written all day long has no key to its hospital of its own where its patient's, or user's, has the hospital."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLES = ("appointments", "no_show_logs", "notifications")
_ADDRESSEE = "ck_notifications_addressee"


def upgrade() -> None:
    """Apply it: nobody waits while the rows that are there are looked at, nor for a table while another is waited for.

    To drop a key keeps everybody from `hospitals` too. So each is a transaction of its own, and one that is not to be
    had in time leaves an upgrade that can be begun again.
    """
    op.execute(f"ALTER TABLE notifications DROP CONSTRAINT IF EXISTS {_ADDRESSEE}")  # of an upgrade that was cut off
    op.execute(
        f"ALTER TABLE notifications ADD CONSTRAINT {_ADDRESSEE} "
        "CHECK (patient_id IS NOT NULL OR user_id IS NOT NULL) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE notifications VALIDATE CONSTRAINT {_ADDRESSEE}")
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS fk_{table}_hospital_id")


def downgrade() -> None:
    """Take it back."""
    for table in _TABLES:
        op.create_foreign_key(op.f(f"fk_{table}_hospital_id"), table, "hospitals", ["hospital_id"], ["id"])
    op.drop_constraint(op.f(_ADDRESSEE), "notifications", type_="check")

"""Held slots are found without looking at every slot, so that lapsed holds can be cleaned up."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_doctor_slots_held_until"


def upgrade() -> None:
    """Apply it."""
    held = sa.text("held_until IS NOT NULL")
    op.create_index(INDEX, "doctor_slots", ["held_until"], postgresql_where=held)


def downgrade() -> None:
    """Take it back."""
    op.drop_index(INDEX, table_name="doctor_slots")

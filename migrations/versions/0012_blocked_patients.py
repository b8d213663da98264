"""Who is blocked from booking is found without looking at everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    blocked = sa.text("status = 'BLOCKED'")
    op.create_index("ix_patients_blocked", "patients", ["hospital_id", "name", "id"], postgresql_where=blocked)


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_patients_blocked", table_name="patients")

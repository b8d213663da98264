"""A second factor that does not count yet belongs to the browser session in which it was begun."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it. One that was begun before is begun anew."""
    op.add_column("second_factors", sa.Column("begun_in_hash", sa.String()))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("second_factors", "begun_in_hash")

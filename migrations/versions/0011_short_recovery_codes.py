"""Recovery codes from before they had 140 bits are known as short; they stay valid."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    kept = sa.Column("is_short", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    op.add_column("recovery_codes", kept)
    op.alter_column("recovery_codes", "is_short", server_default=sa.text("false"))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("recovery_codes", "is_short")

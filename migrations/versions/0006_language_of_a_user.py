"""A user may choose the language of the pages."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    op.add_column("users", sa.Column("language", sa.String(), nullable=True))
    op.create_check_constraint(op.f("ck_users_language"), "users", "language IN ('en', 'hi')")


def downgrade() -> None:
    """Take it back."""
    op.drop_column("users", "language")

"""Digits in the middle of a phone number are found by the fives of digits that it has."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Each five digits that follow each other, none for a shorter number. It is not said to be safe in parallel: the server
# thinks what it finds many, and would start workers to read a few rows.
_FIVES = """
CREATE FUNCTION fives_of(digits text) RETURNS text[] LANGUAGE sql IMMUTABLE
RETURN (SELECT array_agg(substr(digits, at, 5)) FROM generate_series(1, length(digits) - 4) AS at)
"""


def upgrade() -> None:
    """Apply it."""
    op.execute(_FIVES)
    # What waits in a list to be sorted in would be read by every search, and is sorted in while somebody waits.
    op.create_index(
        "ix_patient_keys_fives",
        "patient_keys",
        [sa.text("fives_of(key)")],
        postgresql_using="gin",
        postgresql_where=sa.text("kind = 3"),
        postgresql_with={"fastupdate": "off"},
    )
    op.execute("ANALYZE patient_keys")


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_patient_keys_fives", table_name="patient_keys")
    op.execute("DROP FUNCTION fives_of(text)")

"""The runs of each source are found by an index of its own, however many others there are."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SOURCES = ("SCHEDULER", "EXTERNAL", "MANUAL")


def upgrade() -> None:
    """Apply it."""
    for source in SOURCES:
        op.create_index(
            f"ix_cron_job_runs_{source.lower()}",
            "cron_job_runs",
            ["hospital_id", "job_name", "status", "started_at"],
            postgresql_where=sa.text(f"source = '{source}' OR also_asked_by @> '{{{source}}}'"),
        )


def downgrade() -> None:
    """Take it back."""
    for source in reversed(SOURCES):
        op.drop_index(f"ix_cron_job_runs_{source.lower()}", table_name="cron_job_runs")

"""Jobs: what users see of work that goes on after the answer, and the processes that do it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of jobs and of the processes that run them."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("parts_left", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("request", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("webhook", sa.Text),
        sa.Column("announced", sa.Boolean, nullable=False),
        sa.Column("node", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(None, "jobs", ["tenant", "created_at", "id"])
    op.create_index(None, "jobs", ["tenant", "state", "created_at", "id"])
    op.create_index(None, "jobs", ["tenant", "started_at"])
    op.create_index(None, "jobs", ["parent", "position"])
    op.create_index(None, "jobs", ["expires_at"])
    waiting = sa.text("state = 'queued' AND parts_left = 0")
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["tenant", "urgency", "created_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    running = sa.text("state = 'running'")
    op.create_index("ix_jobs_running", "jobs", ["tenant", "node"], sqlite_where=running, postgresql_where=running)
    unannounced = sa.text("webhook IS NOT NULL AND announced = false AND finished_at IS NOT NULL")
    op.create_index(
        "ix_jobs_unannounced", "jobs", ["finished_at"], sqlite_where=unannounced, postgresql_where=unannounced
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("nodes")
    op.drop_table("jobs")

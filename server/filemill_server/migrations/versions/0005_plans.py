"""Plans: what keys have used, credits and source domains of tenants, and the plan of a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables of plans."""
    op.create_table(
        "usage",
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("test", sa.Boolean, nullable=False),
        sa.Column("month", sa.BigInteger, nullable=False),
        sa.Column("month_used", sa.BigInteger, nullable=False),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("day_used", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "test"),
    )
    op.create_table(
        "usage_minute",
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("test", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "test", "at"),
    )
    op.create_table(
        "credits",
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "domains",
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "domain"),
    )
    op.add_column("jobs", sa.Column("plan", sa.String(64)))
    op.add_column("keys", sa.Column("app_secret", sa.Text))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("keys", "app_secret")
    op.drop_column("jobs", "plan")
    for table in ("domains", "credits", "usage_minute", "usage"):
        op.drop_table(table)

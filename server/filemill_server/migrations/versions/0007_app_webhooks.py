"""Webhooks of apps: where events go, and those that are on their way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "app_webhooks",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_app_webhooks_tenant", "app_webhooks", ["tenant"])
    op.create_table(
        "app_events",
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("webhook", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", "webhook"),
    )
    op.create_index("ix_app_events_due_at", "app_events", ["due_at"])
    op.create_index("ix_app_events_changed_at", "app_events", ["changed_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("app_events")
    op.drop_table("app_webhooks")

"""Webhooks: what signs them, where none are sent any more, and what came of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables of webhooks."""
    op.create_table(
        "webhook_secrets",
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("previous", sa.Text),
        sa.Column("previous_until", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "webhook_endpoints_disabled",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(None, "webhook_endpoints_disabled", ["tenant", "since", "id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_attempt_at", sa.BigInteger, nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_index(None, "webhook_deliveries", ["last_attempt_at"])


def downgrade() -> None:
    """Drop them."""
    for table in ("webhook_deliveries", "webhook_endpoints_disabled", "webhook_secrets"):
        op.drop_table(table)

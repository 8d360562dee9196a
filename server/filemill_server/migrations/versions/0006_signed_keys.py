"""Keys that need a signature for everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the switch; it is off for the keys that are there."""
    op.add_column("keys", sa.Column("signed", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("keys", "signed")

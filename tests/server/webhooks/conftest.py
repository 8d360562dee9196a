"""Everything that webhooks are made of, on an empty database."""

from __future__ import annotations

import pytest

from filemill_server.database import Database
from filemill_server.webhooks.endpoints import DisabledEndpoints
from filemill_server.webhooks.sealing import Sealer
from filemill_server.webhooks.tenant_secrets import TenantSecrets


@pytest.fixture
def secrets(database: Database) -> TenantSecrets:
    """The secrets of tenants."""
    return TenantSecrets(database, Sealer(b"0123456789abcdef"))


@pytest.fixture
def endpoints(database: Database) -> DisabledEndpoints:
    """The disabled endpoints."""
    return DisabledEndpoints(database)

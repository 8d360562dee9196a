"""Temp."""

from filemill_server.services import Services


async def check_webhook(services: Services, tenant: str, url: str) -> None:
    """Temp."""

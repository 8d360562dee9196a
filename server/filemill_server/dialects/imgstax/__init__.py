"""Imgstax: pictures by JSON requests; every result is an asset with a URL and an end."""

from __future__ import annotations

from filemill_server.dialects.dialect import Dialect
from filemill_server.dialects.imgstax.answers import refuse
from filemill_server.dialects.imgstax.asset import read_asset
from filemill_server.dialects.imgstax.identity import NAME, secret
from filemill_server.dialects.imgstax.limits import tell_rates
from filemill_server.dialects.imgstax.routes import ENDPOINTS

__all__ = ["IMGSTAX"]

IMGSTAX = Dialect(
    name=NAME,
    routes=[*ENDPOINTS, read_asset],
    secret=secret,
    refuse=refuse,
    tell=tell_rates,
)

"""Where the vendor's hosts are here: each URL in an answer begins with one of these (FS-01…FS-03, DX-04)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from litestar import route
from litestar.handlers import HTTPRouteHandler

from filemill.errors import ErrorCode, FilemillError
from filemill_server.auth import OPEN
from filemill_server.dialects.filestack.apps import NAME
from filemill_server.services import Services, base_url, services_of
from filemill_server.wire import HttpRequest

API, DELIVERY, UPLOAD = "www", "cdn", "upload"
PLACES = {DELIVERY: "/cdn", "process": "/cdn", UPLOAD: "/upload", "cloud": "/cloud", "static": "/static"}
"""Where the paths of the vendor's hosts begin here; those of the File API stand at the root."""


@route(
    [f"{PLACES[label]}{rest}" for label in ("cloud", "static") for rest in ("", "/{rest:path}")],
    http_method=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    opt=OPEN,
)
async def tell_absent(request: HttpRequest) -> None:
    """Say that the picker's own services are not here (FS-04)."""
    raise FilemillError(ErrorCode.NOT_FOUND, "The picker's back end and the scripts of the vendor are not here.")


ROUTES: Sequence[HTTPRouteHandler] = [tell_absent]


def api_base(request: HttpRequest) -> str:
    """Return what URLs of the File API begin with, before `/api`."""
    return _named(request, API) or base_url(request)


def cdn_base(request: HttpRequest) -> str:
    """Return what delivery URLs begin with: an address of their own where one is set (`FILEMILL_DELIVERY_URLS`)."""
    own = request.scope["state"].get("delivery")
    return own or _named(request, DELIVERY) or _below(request, "cdn")


def upload_base(request: HttpRequest) -> str:
    """Return what URLs of multipart uploads begin with, before `/multipart`."""
    return _named(request, UPLOAD) or _below(request, "upload")


def delivered_here(request: HttpRequest, url: str) -> tuple[bytes, bytes] | None:
    """Return the path and the query of a URL that the delivery of this server answers; None for any other."""
    text = url.partition("#")[0]
    try:
        parted = urlsplit(text)
    except ValueError:
        return None
    services = services_of(request)
    bases = [cdn_base(request)]
    if public := services.settings.public_url:
        bases.append(f"{public.rstrip('/')}/{NAME}{PLACES[DELIVERY]}")
    found = next((base for base in bases if text.startswith(f"{base}/")), None)
    if found is None and _is_delivery_host(services, parted.netloc.lower()):
        found = f"{parted.scheme}://{parted.netloc}"
    if found is None:
        return None
    path, _, query = text.removeprefix(found).partition("?")
    return path.encode(errors="surrogatepass"), query.encode(errors="surrogatepass")


def _is_delivery_host(services: Services, host: str) -> bool:
    label, _, rest = host.partition(".")
    hosts = _hosts(services)
    return PLACES.get(label) == PLACES[DELIVERY] and (host in hosts or f"*.{rest}" in hosts)


def _below(request: HttpRequest, part: str) -> str:
    """Return the base of a part where all have one origin: at the root there is no path that keeps them apart."""
    base = base_url(request)
    return f"{base}/{part}" if request.scope["state"].get("prefix") else base


def _named(request: HttpRequest, label: str) -> str | None:
    """Return the origin of a host name of its own; None where the request did not come through such names."""
    if request.scope["state"].get("prefix"):
        return None
    services = services_of(request)
    hosts = _hosts(services)
    asked = (request.url.hostname or "").lower()
    rest = asked.partition(".")[2]
    if asked not in hosts and f"*.{rest}" not in hosts:
        return None
    here = [f"{label}.{rest}"] if f"*.{rest}" in hosts or f"{label}.{rest}" in hosts else []
    found = [*here, *(host for host in hosts if host.startswith(f"{label}.")), asked]
    # Scheme and port are those that the outside knows, which a server behind a proxy is told.
    outside = urlsplit(services.settings.public_url) if services.settings.public_url else None
    scheme = outside.scheme if outside else request.url.scheme
    port = outside.port if outside else request.url.port
    return f"{scheme}://{found[0]}" + (f":{port}" if port else "")


def _hosts(services: Services) -> Sequence[str]:
    """Return the host names of this dialect, in the order of the setting."""
    pairs = (entry.partition("=") for entry in services.settings.dialect_hosts)
    return [host.strip().lower() for name, _, host in pairs if name.strip() == NAME]

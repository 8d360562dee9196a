"""Who asks: an app, found by its key or by the tenant whose file is asked for; and what it permits (FS-05…FS-10)."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Sequence
from urllib.parse import parse_qsl

from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError
from filemill_server.dialects.filestack.policies import Policy, Use, check, read_policy, sign_policy
from filemill_server.dialects.filestack.request import Security
from filemill_server.keys import Key
from filemill_server.services import Services, services_of
from filemill_server.wire import Connection, HttpRequest

NAME = "filestack"
_USER = "app"


class App(Struct, frozen=True):
    """A customer's app.

    Fields:
        keys: of it: those whose secrets sign its policies. The first one's plan counts.
        signed: whether every call needs a signature (FS-06).
    """

    keys: Sequence[Key]
    signed: bool

    @property
    def key(self) -> Key:
        """The key that pays."""
        return self.keys[0]

    @property
    def tenant(self) -> str:
        """Whose files are the app's."""
        return self.key.tenant


async def app_of_key(services: Services, text: str) -> App | None:
    """Return the app of an API key, or None where no working key of this dialect is that."""
    key = await services.keys.find(text)
    if key is None or key.dialect != NAME:
        return None
    # The files of a tenant are one heap: what protects them for one key does so for all.
    beside = await services.keys.of_tenant(key.tenant, NAME)
    return App((key,), key.signed or any(other.signed for other in beside))


async def app_of_tenant(services: Services, tenant: str) -> App | None:
    """Return the app whose files a tenant's are, with all its keys, or None where it has no key of this dialect."""
    keys = await services.keys.of_tenant(tenant, NAME)
    return App(keys, any(key.signed for key in keys)) if keys else None


def key_sent(connection: Connection) -> str | None:
    """Return the API key that a request carries outside its body and its path: `?key=` or `X-API-Key`."""
    query = connection.scope["query_string"].decode("latin-1")
    asked = [value for name, value in parse_qsl(query) if name == "key" and value]
    return asked[-1] if asked else connection.headers.get("x-api-key", "").strip() or None


def secret_sent(connection: Connection) -> str | None:
    """Return the app secret that a request shows in place of a policy (FS-07); None where it shows none.

    Raises:
        FilemillError: `UNAUTHORIZED` where what it shows is not `app` with a password.
    """
    scheme, _, coded = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        user = colon = password = ""
    if user != _USER or not colon or not password:
        raise FilemillError(
            ErrorCode.UNAUTHORIZED, "Basic authorization is the user 'app' with the app secret as its password."
        )
    return password


async def app_asking(request: HttpRequest, text: str | None) -> App:
    """Return the app of the key that a request carries.

    Raises:
        FilemillError: `UNAUTHORIZED` where it carries none that works here.
    """
    app = await app_of_key(services_of(request), text) if text else None
    if app is None:
        raise FilemillError(
            ErrorCode.UNAUTHORIZED,
            "There is no such API key; it is unknown, expired or revoked." if text else "An API key is needed: ?key=.",
        )
    return app


def permit(
    request: HttpRequest,
    app: App | None,
    use: Use,
    security: Security | None,
    *,
    required: bool = False,
    app_secret: str | None = None,
) -> Policy | None:
    """Let an app's request do something, and remember the app's key as the request's.

    Args:
        request: who asks.
        app: whose file or whose upload it is; None: the file is of a tenant who has no app.
        use: what is done; of what is not known yet, such as the size of a body, `check` is asked later.
        security: the policy and its signature, as they came.
        required: whether it needs a signature whatever the app says (FS-06).
        app_secret: what came in place of a policy (FS-07).

    Returns:
        The policy, where one came.

    Raises:
        FilemillError: `FORBIDDEN` where a signature is needed and missing or wrong, or the policy does not cover the
            use (FS-125); `BAD_REQUEST` where it can't be read; `UNAUTHORIZED` where the app secret is wrong.
    """
    secrets = [] if app is None else _secrets(services_of(request), app)
    if app is not None:
        request.scope["state"]["key"] = app.key
    if app_secret is not None:
        if not any(hmac.compare_digest(secret.encode(), app_secret.encode()) for secret in secrets):
            raise FilemillError(ErrorCode.UNAUTHORIZED, "The password is not the app's secret.")
        return None
    if security is None:
        if required or (app is not None and app.signed):
            raise FilemillError(ErrorCode.FORBIDDEN, "This needs 'policy' and 'signature', made with the app secret.")
        return None
    policy = read_policy(security, _signing(security, secrets), time.time())
    check(policy, use)
    return policy


def _secrets(services: Services, app: App) -> Sequence[str]:
    return [secret for key in app.keys if (secret := services.keys.app_secret(key)) is not None]


def _signing(security: Security, secrets: Sequence[str]) -> str:
    """Return the secret that signed a policy, or one that did not.

    Raises:
        FilemillError: `FORBIDDEN` where there is none to check it with.
    """
    if not secrets:
        raise FilemillError(ErrorCode.FORBIDDEN, "No app has this file, so that no signature is right for it.")
    given = security.signature.encode(errors="surrogatepass")
    matching = (s for s in secrets if hmac.compare_digest(sign_policy(security.policy, s).encode(), given))
    return next(matching, secrets[0])

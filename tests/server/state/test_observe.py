"""What the log shows of a request's path."""

from __future__ import annotations

import pytest
from litestar import Litestar, get
from litestar.testing import create_test_client
from structlog.testing import capture_logs

from filemill_server.observe import Metrics, Observe


@get(["/v1/jobs/{job_id:str}", "/v1/jobs/{job_id:str}/of/{name:str}", "/cdn/{rest:path}", "/plain"])
async def answer() -> None:
    """Answer nothing."""


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/plain", "/plain"),
        ("/v1/jobs/abc", "/v1/jobs/abc"),
        ("/v1/jobs/abc/of/fm_live_key", "/v1/jobs/{job_id}/of/{name}"),
        ("/cdn/AKey/security=p:policy,s:signature/https://user:pass@host/x", "/cdn/{rest}"),
        ("/fm_live_key", "unknown"),
    ],
)
def test_a_path_is_shown_where_it_holds_ids_only(path: str, shown: str) -> None:
    """NA-83: keys, policies and URLs that stand in a path, and whatever stands in one that there is not, stay out."""
    with create_test_client([answer]) as client, capture_logs() as logs:
        app: Litestar = client.app
        app.asgi_handler = Observe(app.asgi_handler, Metrics())
        client.get(path)
    (line,) = (line for line in logs if line["event"] == "request")
    assert line["path"].replace(":str", "").replace(":path", "") == shown

"""Secrets stay where they belong: after a run of all that has any, nothing else that the server wrote holds one."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from filemill_server.links import signed_upload_url
from filemill_server.signing import Signer
from filestack_client import Filestack, picture
from filestack_uploads import Upload
from forked import FILEMILL
from live import LiveServer, StartServer
from origin import serving
from webhook_inbox import receiving_in_thread

SECRET, BEFORE = "the-servers-own-secret-of-now-0123456789", "the-servers-own-secret-before-0123456789"
TOKEN, HEADER, PASSWORD = "source-query-token-0123", "source-header-token-0123", "userinfo-password-0123"
DOCUMENT, HOOK = "document-password-0123", "webhook-url-token-0123"
DATA = picture()


@dataclass
class Run:
    """What a run of the server had to do with.

    Fields:
        secrets: all of them, by what they are.
        errors: the bodies of all refusals.
    """

    server: LiveServer
    secrets: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    metrics: str = ""

    def in_(self, text: str) -> list[str]:
        """Return the names of the secrets that a text holds."""
        return [name for name, secret in self.secrets.items() if secret in text]

    def note(self, answer: httpx.Response) -> None:
        """Remember a refusal."""
        if answer.status_code >= 400:
            self.errors.append(f"{answer.headers}\n{answer.read().decode()}")


def ended(client: httpx.Client, accepted: httpx.Response) -> dict[str, object]:
    """Wait for a job, and return it."""
    assert accepted.status_code == 202, accepted.text
    end = time.monotonic() + 60
    while (job := client.get(accepted.headers["location"]).json())["status"] in ("queued", "running"):
        assert time.monotonic() < end, job
        time.sleep(0.05)
    return dict(job)


def signature(url: str) -> str:
    """Return the signature of a URL."""
    return httpx.URL(url).params["signature"]


@pytest.fixture(scope="module")
def run(start_server: StartServer) -> Run:
    """A server that logs all it can, and a run of keys, uploads, jobs, webhooks, signatures, dialects and refusals."""
    server = start_server(
        secret=SECRET,
        secret_previous=BEFORE,
        log_level="debug",
        workers="1",
        fetch_allow_networks="127.0.0.0/8",
        webhook_allow_http="true",
    )
    run = Run(server, {"secret": SECRET, "secret before": BEFORE, "source's token": TOKEN, "source's header": HEADER})
    run.secrets |= {"password in a URL": PASSWORD, "document's password": DOCUMENT}
    made = server.make_key("shop")
    run.secrets |= {"key": made["key"], "admin's key": server.admin}
    with ExitStack() as stack:
        origin = stack.enter_context(serving({"a.png": DATA}))
        client = stack.enter_context(server.client(made["key"]))
        client.event_hooks = {"response": [run.note]}
        native(run, client, made["about"]["keyId"], f"http://127.0.0.1:{origin}")
        told(run, client)
        filestack(run, stack.enter_context(Filestack(server, "app")))
        filewhirl(run, server.new_key("whirl", dialect="filewhirl"))
        refusals(run, client, f"127.0.0.1:{origin}")
        run.metrics = client.get("/metrics").text
    return run


def native(run: Run, client: httpx.Client, key_id: str, origin: str) -> None:
    """Use uploads, sources, idempotency, jobs and signed URLs."""
    url = signed_upload_url(Signer(SECRET.encode()), run.server.address, key_id, 4_000_000_000)
    upload = httpx.post(url, content=DATA)
    assert upload.status_code == 201, upload.text
    run.secrets["upload URL"] = signature(url)
    source = {"url": f"{origin}/a.png?token={TOKEN}", "headers": {"Authorization": f"Bearer {HEADER}"}}
    kept = {"Idempotency-Key": "once"}
    answers = [client.post("/v1/flip", json={"source": source}, headers=kept) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    run.secrets["asset URL"] = signature(answers[0].json()["url"])
    assert httpx.get(answers[0].json()["url"]).status_code == 200
    later = {"Prefer": "respond-async"}
    job = ended(client, client.post("/v1/flip", json={"source": source}, headers=later))
    assert job["status"] == "succeeded", job
    run.secrets["job's URL"] = signature(str(dict(job["result"])["url"]))  # type: ignore[call-overload]
    missing = {**source, "url": f"{origin}/b.png?token={TOKEN}"}
    assert ended(client, client.post("/v1/flip", json={"source": missing}, headers=later))["status"] == "failed"
    locked = {
        "source": {"base64": base64.b64encode(DATA).decode()},
        "steps": [{"op": "encrypt-pdf", "password": DOCUMENT}],
    }
    client.post("/v1/process", json=locked, headers=later)
    batch = client.post("/v1/batches", json={"sources": [source] * 2, "steps": [{"op": "flip"}]})
    assert ended(client, batch)["status"] == "succeeded"


def told(run: Run, client: httpx.Client) -> None:
    """Use a webhook, and the secret that signs it."""
    run.secrets["webhook's token"] = HOOK
    run.secrets["webhook's secret"] = client.get("/v1/webhooks/secret").json()["secret"]
    with receiving_in_thread() as inbox:
        data = {"output": json.dumps({"webhook": f"{inbox.url}&key={HOOK}"})}
        assert client.post("/v1/flip", files={"file": DATA}, data=data).status_code == 202
        _, body = inbox.wait(1)
        run.secrets["told URL"] = signature(json.loads(body)["result"]["url"])
        words = ("keys", "webhooks", "add", "--tenant", "app", inbox.url)
        run.secrets["app webhook's secret"] = run.server.command(*words).stdout.strip()


def filestack(run: Run, app: Filestack) -> None:
    """Use a Filestack app: its secret, policies, delivery, and an upload in parts."""
    run.secrets |= {"app's key": app.key, "app's secret": app.secret}
    handle = app.store(DATA)["handle"]
    signed = app.sign(["read", "convert"])
    run.secrets |= {"policy": signed.policy, "policy's signature": signed.signature}
    for path in (handle, f"resize=width:4/{handle}", f"nonsense=1/{handle}"):
        security = f"security=policy:{signed.policy},signature:{signed.signature}"
        run.note(app.http.get(f"{app.cdn}/{app.key}/{security}/{path}"))
    run.note(app.http.get(app.file(handle), params=app.sign("pick").query))
    upload = Upload(app)
    upload.start(DATA)
    part = upload.prepare(1, DATA)
    run.secrets |= {"upload's token": upload.started["upload_id"], "part's URL": part["url"].rpartition("/")[2]}
    assert app.http.put(part["url"], content=DATA).status_code == 200
    run.note(app.http.put(f"{part['url']}x", content=DATA))
    assert app.delete(handle).status_code == 200


def filewhirl(run: Run, key: str) -> None:
    """Use a FileWhirl key, and the token and the signed URL of its job."""
    run.secrets["dialect's key"] = key
    with httpx.Client(base_url=f"{run.server.address}/filewhirl", headers={"X-API-Key": key}, timeout=60) as client:
        made = client.post("/convert-api", files={"file": ("a.png", DATA)}, data={"to": "jpg"}).json()
        run.secrets["job's token"] = made["token"]
        end = time.monotonic() + 60
        while (job := client.get(made["status_url"]).json())["status"] != "done":
            assert time.monotonic() < end, job
            time.sleep(0.1)
        run.secrets["output's URL"] = signature(job["output_url"])
        assert httpx.get(job["output_url"]).status_code == 200
        run.note(client.get("/convert-api", params={"id": made["id"], "token": f"{made['token']}x"}))


def refusals(run: Run, client: httpx.Client, origin: str) -> None:
    """Be refused in ways whose answers could say too much."""
    before = len(run.errors)
    client.post("/v1/flip", json={"source": {"url": f"http://user:{PASSWORD}@{origin}/a.png"}})
    client.post("/v1/flip", json={"source": {"url": f"http://{origin}/b.png?token={TOKEN}"}})
    client.post("/v1/flip", json={"source": {"url": f"http://{origin}/a.png?to=http://10.0.0.1/?token={TOKEN}"}})
    client.post(
        "/v1/flip", json={"source": {"base64": "AAAA"}, "output": {"webhook": f"https://u:{PASSWORD}@h.example/"}}
    )
    client.get("/v1/assets", headers={"Authorization": f"Bearer {run.secrets['key']}x"})
    url = httpx.URL(f"{run.server.address}/v1/assets/{'x' * 43}", params={"expires": "9", "signature": "y" * 43})
    run.note(httpx.get(url))
    run.note(httpx.get(f"{run.server.address}/{run.secrets['key']}", headers={"X-API-Key": run.secrets["key"]}))
    assert len(run.errors) == before + 7


def test_logs(run: Run) -> None:
    """NA-83: the log, at its fullest, holds no secret."""
    log = Path(run.server.log.name).read_text()
    assert '"event":"request"' in log
    assert run.in_(log) == []


def test_error_bodies(run: Run) -> None:
    """No refusal holds a secret, but for the path that its caller asked for."""
    assert len(run.errors) >= 10
    for body in run.errors:
        said = run.in_(body)
        own_path = {"key"} if f'"instance":"/{run.secrets["key"]}"' in body else set()
        assert set(said) <= own_path, body


def test_metrics(run: Run) -> None:
    """Nothing of what a request holds is a label."""
    assert "filemill_requests_total" in run.metrics
    assert run.in_(run.metrics) == []


@pytest.mark.parametrize("name", ["filemill.db", "jobs.db"])
def test_rows(run: Run, name: str) -> None:
    """No row of any table holds a secret: they are hashed, encrypted or not there."""
    count = 0
    with closing(sqlite3.connect(run.server.data / name, timeout=30)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"').fetchall():
                count += 1
                text = "\n".join(one.decode("latin-1") if isinstance(one, bytes) else str(one) for one in row)
                assert run.in_(text) == [], table
    assert count > 10


def test_data_folder(run: Run) -> None:
    """No byte of the data folder was ever a secret in the clear; what databases have overwritten counts too."""
    looked_at = []
    for path in run.server.data.rglob("*"):
        if path.is_file():
            looked_at.append(path.name)
            assert run.in_(path.read_bytes().decode("latin-1")) == [], path
    assert {"filemill.db", "jobs.db"} <= set(looked_at)


def failing(folder: Path, settings: Mapping[str, str]) -> str:
    """Start a server that can't start, and return what it says."""
    words = [FILEMILL, "serve", "--port", "0"]
    environment = {"PATH": "/usr/bin:/bin", "FILEMILL_DATA_DIR": str(folder), "FILEMILL_WORKERS": "1", **settings}
    done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"FILEMILL_LOG_LEVEL": "debug"},  # a start that finds no database
        {"FILEMILL_QUEUE": "-1", "FILEMILL_SECRET": f"{PASSWORD}", "FILEMILL_SECRET_PREVIOUS": f"{PASSWORD}"},
    ],
)
def test_a_start_that_fails(tmp_path: Path, wrong: Mapping[str, str]) -> None:
    """A server that can't start says why, without the passwords of what it was to use."""
    settings = {
        "FILEMILL_DATABASE_URL": f"postgresql://filemill:{PASSWORD}@127.0.0.1:1/filemill?sslpassword={PASSWORD}",
        "FILEMILL_STORAGE_URL": f"s3://id:{PASSWORD}@bucket/files",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": PASSWORD,
    }
    said = failing(tmp_path, settings | wrong)
    assert said.strip()
    assert PASSWORD not in said

"""The durable workflow on a real DBOS: it repeats, it sleeps, and it outlives its process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from filemill_server.database import Database
from filemill_server.jobs.rows import NewJob
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order
from filemill_server.webhooks.sealing import Sealer
from filemill_server.webhooks.tenant_secrets import TenantSecrets
from webhook_receiver import receiving, status

pytestmark = pytest.mark.anyio

ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()
PROCESS = """
import asyncio, sys
from dbos import DBOS, DBOSPortableJSONSerializer, SetWorkflowID
from prometheus_client import Counter
from filemill_server.database import Database
from filemill_server.jobs.store import JobStore
from filemill_server.webhooks import schedule
from filemill_server.webhooks.endpoints import DisabledEndpoints
from filemill_server.webhooks.notices import Notices
from filemill_server.webhooks.sealing import Sealer
from filemill_server.webhooks.tenant_secrets import TenantSecrets
from filemill_server.webhooks.workflow import register
from webhook_receiver import POLICY

folder, node, dead = sys.argv[1:]
schedule.RETRY_SECONDS = (1, 4) + schedule.RETRY_SECONDS[2:]
database = Database(f"sqlite:///{folder}/filemill.db")
notices = Notices(
    database,
    JobStore(database),
    secrets=TenantSecrets(database, Sealer(b"0123456789abcdef")),
    endpoints=DisabledEndpoints(database),
    policy=POLICY,
    attempts=Counter("attempts", "Attempts.", ["outcome"]),
    shown=lambda row: {"jobId": row.id, "status": row.state},
    job_url=str,
)
faults = [OSError("a fault that passes")]

async def attempt(job_id, number):
    if number == 2 and faults:
        raise faults.pop()
    return await notices.attempt(job_id, number)

async def main():
    notify = register(attempt)
    DBOS(config={
        "name": "filemill",
        "system_database_url": f"sqlite:///{folder}/engine.db",
        "executor_id": node,
        "application_version": "1",
        "serializer": DBOSPortableJSONSerializer(),
        "enable_otlp": False,
    })
    DBOS.launch()
    if dead:
        [handle] = await asyncio.to_thread(DBOS._recover_pending_workflows, [dead])
        await asyncio.to_thread(handle.get_result)
    else:
        with SetWorkflowID("notice-j"):
            handle = await DBOS.start_workflow_async(notify, "j")
        await handle.get_result()
    print((await notices.delivery_of("j")).status)
    await asyncio.to_thread(DBOS.destroy)
    database.close()

asyncio.run(main())
"""


def begin(folder: Path, node: str, dead: str = "") -> subprocess.Popen[str]:
    """Start a process that delivers the message of the job `j`, or goes on with what a dead process began."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder), node, dead],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def end(process: subprocess.Popen[str]) -> str:
    """Wait for a process that ends well, and return what it printed."""
    try:
        out, err = await asyncio.to_thread(process.communicate, timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return out


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True], ids=["one process", "killed while it waits"])
async def test_delivered_in_the_end(tmp_path: Path, killed: bool) -> None:
    """NA-52, NC-08: two refusals and a fault later the message is taken, once, though the process was killed -9."""
    database = Database(f"sqlite:///{tmp_path}/filemill.db")
    database.migrate()
    store = JobStore(database)
    secret = await TenantSecrets(database, Sealer(b"0123456789abcdef")).get("shop")
    came: list[float] = []

    async def answer(writer: asyncio.StreamWriter) -> None:
        came.append(time.monotonic())
        writer.write(status("500 Oops") if len(came) < 3 else status("204 No Content"))
        await writer.drain()

    async with receiving(answer) as receiver:
        await store.add(NewJob(id="j", tenant="shop", order=ORDER, webhook=receiver.url))
        await store.cancel("j")
        process = begin(tmp_path, "first")
        if killed:
            until = time.monotonic() + 60
            while len(came) < 2 and time.monotonic() < until:
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)  # it has begun to wait for the third attempt
            process.kill()
            process.communicate()
            assert len(came) == 2
            process = begin(tmp_path, "second", "first")
        assert (await end(process)).splitlines()[-1] == "delivered"
    database.close()
    assert len(receiver.requests) == 3
    assert came[1] - came[0] >= 2  # a wait of one second, and one for the fault
    assert came[2] - came[1] >= 4  # also across the kill
    assert {headers["webhook-id"] for _, headers, _ in receiver.requests} == {"msg_j"}
    for _, headers, body in receiver.requests:
        assert Webhook(secret.secret).verify(body, headers) == json.loads(body) == {"jobId": "j", "status": "cancelled"}


def test_the_engine_is_not_imported_before_it_is_used() -> None:
    """The modules of webhooks cost no start of the server the engine's 0.8 seconds."""
    script = (
        "import sys; import filemill_server.webhooks.workflow, filemill_server.webhooks.notices;"
        " sys.exit(sum(name in sys.modules for name in ('dbos', 'cryptography')))"
    )
    assert subprocess.run([sys.executable, "-c", script], env=os.environ).returncode == 0

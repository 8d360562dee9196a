"""Cut connections, killed servers, several nodes, several requests at once: no byte is lost or mixed (NC-06)."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from live import LiveServer
from tus_wire import Sending, Tus
from watched import eventually

from .conftest import text

SIZE = 12 << 20
TEXT = text(SIZE)


def stored(server: LiveServer) -> set[Path]:
    """Return the files in a server's folder."""
    return {path for path in (server.data / "files").rglob("*") if path.is_file()}


def finished(tus: Tus, place: str, data: bytes = TEXT) -> None:
    """Send what is missing, and check what became of it all."""
    offset = tus.offset(place)
    assert tus.append(place, offset, data[offset:]).status_code == 204
    assert tus.upload(place)["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_cut_request_keeps_its_bytes(nodes: tuple[LiveServer, LiveServer]) -> None:
    """NC-06: what came before the connection broke is not sent again, however often it breaks."""
    server = nodes[0]
    with server.client() as client:
        tus = Tus(client)
        upload = tus.place(SIZE)
        seen = 0
        for _ in range(4):
            sending = Sending(server, upload, seen, SIZE - seen)
            sending.send(TEXT[seen : seen + (2 << 20)])
            sending.cut()
            seen += 2 << 20
            assert eventually(lambda seen=seen: tus.offset(upload) == seen)  # type: ignore[misc]
        finished(tus, upload)


def test_a_cut_request_with_a_checksum_keeps_nothing(server: LiveServer, tus: Tus) -> None:
    """NC-06: bytes whose checksum could not be looked at are not kept."""
    upload = tus.place(SIZE)
    sending = Sending(server, upload, 0, SIZE, Upload_Checksum="md5 " + "A" * 22 + "==")
    sending.send(TEXT[:100_000])
    sending.cut()
    assert tus.offset(upload) == 0
    finished(tus, upload)


def test_a_killed_server_goes_on(nodes: tuple[LiveServer, LiveServer]) -> None:
    """NC-06: kill -9 in the middle of a request, a start: the offset is true, and the rest makes the file whole."""
    server = nodes[0]
    with server.client() as client:
        tus = Tus(client)
        upload = tus.place(SIZE)
        assert tus.append(upload, 0, TEXT[: 1 << 20]).status_code == 204
        sending = Sending(server, upload, 1 << 20, SIZE - (1 << 20))
        sending.send(TEXT[1 << 20 : 3 << 20])
        server.kill()
        sending.cut()
        server.start()
        offset = tus.offset(upload)
        assert 1 << 20 <= offset <= 3 << 20
        finished(tus, upload)


def test_two_nodes_share_an_upload(nodes: tuple[LiveServer, LiveServer]) -> None:
    """NC-06: over one database and one store any node goes on, also with what a killed one left behind."""
    one, two = nodes
    with one.client() as first, two.client() as second:
        upload = Tus(first).place(SIZE)
        assert Tus(first).append(upload, 0, TEXT[: 1 << 20]).status_code == 204
        assert Tus(second).append(upload, 1 << 20, TEXT[1 << 20 : 2 << 20]).status_code == 204
        sending = Sending(one, upload, 2 << 20, SIZE - (2 << 20))
        sending.send(TEXT[2 << 20 : 3 << 20])
        assert eventually(lambda: any((one.data / "work").glob("*/*/*")))
        one.kill()
        sending.cut()
        # Nobody frees the lease of a machine that is gone: it runs out.
        assert Tus(second).offset(upload) == 2 << 20
        finished(Tus(second), upload)
    one.start()


def test_a_client_that_comes_back_takes_over(nodes: tuple[LiveServer, LiveServer]) -> None:
    """NC-06: a request that hangs makes way for the next one, on whichever node; its bytes are kept."""
    one, two = nodes
    with two.client() as client:
        upload = Tus(client).place(SIZE)
        sending = Sending(one, upload, 0, SIZE)
        sending.send(TEXT[:100_000])
        assert eventually(lambda: any((one.data / "work").glob("*/*/*")))
        finished(Tus(client), upload)
        assert sending.status() == 409
        sending.cut()


def test_requests_at_once_do_not_mix(nodes: tuple[LiveServer, LiveServer]) -> None:
    """NC-06: of requests for one offset at once, on two nodes, one at most adds its bytes; nothing is interleaved."""
    clients = [server.client() for server in nodes for _ in range(3)]
    data = [text(200_000, seed=seed) for seed in range(len(clients))]
    upload = Tus(clients[0]).place(1_000_000)
    ready = threading.Barrier(len(clients))

    def send(number: int) -> int:
        ready.wait()
        return Tus(clients[number]).append(upload, 0, data[number]).status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        statuses = list(pool.map(send, range(len(clients))))
    assert sorted(statuses) in ([204] + [409] * (len(clients) - 1), [409] * len(clients))
    offset = Tus(clients[0]).offset(upload)
    rest = text(1_000_000 - offset, seed=99)
    assert Tus(clients[-1]).append(upload, offset, rest).status_code == 204
    digests = {hashlib.sha256(begun[:offset] + rest).hexdigest() for begun in data}
    assert Tus(clients[0]).upload(upload)["sha256"] in digests
    for client in clients:
        client.close()


def test_what_is_ended_stays_ended(server: LiveServer, tus: Tus) -> None:
    """NC-06: an upload that is deleted while bytes come is gone, with all its bytes."""
    before = stored(server)
    upload = tus.place(SIZE)
    assert tus.append(upload, 0, TEXT[:1000]).status_code == 204
    sending = Sending(server, upload, 1000, SIZE - 1000)
    sending.send(TEXT[1000:2000])
    assert eventually(lambda: any((server.data / "work").glob("*/*/*")))
    assert tus.end(upload).status_code == 204
    assert sending.status() == 404
    sending.cut()
    assert tus.state(upload).status_code == 404
    assert stored(server) == before

"""tus 1.0.0 (NC-06)."""

from __future__ import annotations

import base64
import hashlib
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from live import LiveServer, StartServer, problem, size_of
from tus_wire import OFFSET_STREAM, VERSION, Tus

from .conftest import text

TEXT = text(50_000)


def metadata(**values: str) -> str:
    """Return an `Upload-Metadata`."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    """Return an `Upload-Checksum`."""
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


@pytest.mark.parametrize("path", ["/v1/uploads/tus", "/v1/uploads/tus/x"])
def test_what_is_possible_is_told_without_a_key(server: LiveServer, path: str) -> None:
    """NC-06: OPTIONS is 204 with version, extensions and the largest size; a preflight of a browser is answered."""
    with server.client("") as anonymous:
        response = anonymous.options(path, headers={"Origin": "https://example.com"})
    assert response.status_code == 204
    assert response.headers["tus-version"] == "1.0.0"
    assert response.headers["tus-max-size"] == str(2 << 30)
    extensions = set(response.headers["tus-extension"].split(","))
    assert extensions >= {"creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum"}
    assert "termination" in extensions
    assert "sha1" in response.headers["tus-checksum-algorithm"].split(",")
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "tus-resumable", "upload-offset", "upload-metadata"} <= set(allowed)
    assert {"PATCH", "HEAD", "POST", "DELETE"} <= set(response.headers["access-control-allow-methods"].split(", "))


def test_an_upload_in_parts(tus: Tus) -> None:
    """NA-40, NC-06: an upload in parts is an ordinary upload with the same id when its last byte has come."""
    given = metadata(filename="träume.txt", filetype="text/plain") + ",private"
    begun = tus.begin(len(TEXT), Upload_Metadata=given)
    assert begun.status_code == 201
    place = begun.headers["location"]
    for offset in range(0, len(TEXT), 20_000):
        state = tus.state(place)
        assert state.status_code == 200
        assert state.headers["upload-offset"] == str(offset)
        assert state.headers["upload-length"] == str(len(TEXT))
        assert state.headers["upload-metadata"] == given
        assert state.headers["cache-control"] == "no-store"
        assert state.headers["tus-resumable"] == "1.0.0"
        part = TEXT[offset : offset + 20_000]
        response = tus.append(place, offset, part)
        assert (response.status_code, response.headers["upload-offset"]) == (204, str(offset + len(part)))
    upload = tus.upload(place)
    assert upload["filename"] == "träume.txt"
    assert upload["mimeType"] == "text/plain"
    assert upload["sizeBytes"] == len(TEXT)
    assert upload["sha256"] == hashlib.sha256(TEXT).hexdigest()
    done = tus.state(place)  # for who did not hear the last answer
    assert (done.headers["upload-offset"], done.headers["upload-metadata"]) == (str(len(TEXT)), given)


def test_it_is_a_source_at_once(tus: Tus, photo: Path) -> None:
    """NA-24, NA-40: what came by tus is used like any upload."""
    data = photo.read_bytes()
    place = tus.place(len(data))
    assert tus.append(place, 0, data[:1000]).status_code == 204
    assert tus.append(place, 1000, data[1000:]).status_code == 204
    source = {"uploadId": place.rsplit("/", 1)[1]}
    answer = tus.client.post("/v1/resize", json={"source": source, "width": 300}, headers={"Accept": "image/*"})
    assert answer.status_code == 200, answer.text
    assert size_of(answer.content) == (300, 200)


def test_the_first_bytes_may_come_with_the_creation(tus: Tus) -> None:
    """NC-06: creation-with-upload, in part and as a whole."""
    begun = tus.begin(len(TEXT), TEXT[:100])
    assert (begun.status_code, begun.headers["upload-offset"]) == (201, "100")
    assert tus.append(begun.headers["location"], 100, TEXT[100:]).status_code == 204
    whole = tus.begin(len(TEXT), TEXT)
    assert (whole.status_code, whole.headers["upload-offset"]) == (201, str(len(TEXT)))
    for response in (begun, whole):
        assert tus.upload(response.headers["location"])["sha256"] == hashlib.sha256(TEXT).hexdigest()


def test_the_length_may_be_said_later(tus: Tus) -> None:
    """NC-06: creation-defer-length; the length is said once, and the upload ends when its bytes are there."""
    place = tus.place(None)
    assert tus.append(place, 0, TEXT[:100]).status_code == 204
    state = tus.state(place)
    assert state.headers["upload-defer-length"] == "1"
    assert "upload-length" not in state.headers
    problem(tus.append(place, 100, b"", Upload_Length="99"), 400, "BAD_REQUEST")
    assert tus.append(place, 100, b"", Upload_Length=str(len(TEXT))).status_code == 204
    assert tus.state(place).headers["upload-length"] == str(len(TEXT))
    problem(tus.append(place, 100, b"", Upload_Length="200"), 400, "BAD_REQUEST")
    assert tus.append(place, 100, TEXT[100:], Upload_Length=str(len(TEXT))).status_code == 204
    assert tus.upload(place)["sizeBytes"] == len(TEXT)


def test_bytes_with_a_wrong_checksum_are_not_kept(tus: Tus) -> None:
    """NC-06: checksum: 460, and the offset stands where it stood; the right bytes are taken."""
    place = tus.place(len(TEXT))
    assert tus.append(place, 0, TEXT[:100], Upload_Checksum=checksum(TEXT[:100])).status_code == 204
    wrong = tus.append(place, 100, TEXT[100:200], Upload_Checksum=checksum(b"other"))
    problem(wrong, 460, "CHECKSUM_MISMATCH")
    assert tus.offset(place) == 100
    for offset, algorithm in ((100, "sha256"), (200, "sha512"), (300, "md5")):
        part = TEXT[offset : offset + 100]
        assert tus.append(place, offset, part, Upload_Checksum=checksum(part, algorithm)).status_code == 204
    for header in ("crc32 AAAA", "sha1", "sha1 !!!!", "sha1 AAAA"):
        problem(tus.append(place, 400, TEXT[400:], Upload_Checksum=header), 400, "BAD_REQUEST")
    assert tus.append(place, 400, TEXT[400:]).status_code == 204
    assert tus.upload(place)["sha256"] == hashlib.sha256(TEXT).hexdigest()


def test_a_wrong_offset_is_refused(tus: Tus) -> None:
    """NC-06: 409, and nothing changes."""
    place = tus.place(len(TEXT))
    tus.append(place, 0, TEXT[:100])
    for offset in (0, 99, 101):
        problem(tus.append(place, offset, b"x"), 409, "CONFLICT")
    assert tus.offset(place) == 100


@pytest.mark.parametrize("header", ["", "-1", "1.5", "abc", "٣", "9" * 16])
def test_malformed_numbers_are_refused(tus: Tus, header: str) -> None:
    """NC-06: a length or an offset that is no number is 400."""
    place = tus.place(100)
    sent = {"Upload-Offset": header.encode(), "Content-Type": OFFSET_STREAM.encode()}
    problem(tus.client.patch(place, headers={**VERSION, **sent}, content=b"x"), 400, "BAD_REQUEST")
    given = {**VERSION, "Upload-Length": header.encode()}
    problem(tus.client.post("/v1/uploads/tus", headers=given), 400, "BAD_REQUEST")


def test_a_wrong_type_is_refused(tus: Tus) -> None:
    """NC-06: 415 for bytes that come as anything else."""
    place = tus.place(100)
    problem(tus.append(place, 0, b"x", Content_Type="application/octet-stream"), 415, "UNSUPPORTED_MEDIA")


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0", "2.0.0"])
def test_another_version_is_refused(tus: Tus, version: str | None) -> None:
    """NC-06: 412 with the version that is spoken, and the request is not done."""
    place = tus.place(100)
    headers = {} if version is None else {"Tus-Resumable": version}
    requests = [("POST", "/v1/uploads/tus"), ("HEAD", place), ("PATCH", place), ("DELETE", place)]
    for method, path in requests:
        response = tus.client.request(method, path, headers={"Upload-Length": "3", **headers})
        assert (response.status_code, response.headers["tus-version"]) == (412, "1.0.0")
    assert tus.offset(place) == 0


def test_too_much_is_refused(start_server: StartServer) -> None:
    """NC-06: 413 for a length over the limit, and for more bytes than the length or the limit, however they come."""
    with start_server(max_upload_bytes="1000").client() as client:
        tus = Tus(client)
        problem(tus.begin(1001), 413, "FILE_TOO_LARGE")
        place = tus.place(100)
        problem(tus.append(place, 0, b"x" * 101), 413, "FILE_TOO_LARGE")
        headers = {**VERSION, "Upload-Offset": "0", "Content-Type": OFFSET_STREAM}
        chunked = client.patch(place, headers=headers, content=iter([b"x" * 60, b"x" * 60]))
        problem(chunked, 413, "FILE_TOO_LARGE")
        assert tus.offset(place) == 0
        endless = tus.place(None)
        problem(client.patch(endless, headers=headers, content=iter([b"x" * 600] * 2)), 413, "FILE_TOO_LARGE")
        problem(tus.append(endless, 0, b"x", Upload_Length="1001"), 413, "FILE_TOO_LARGE")


@pytest.mark.parametrize(
    "headers", [{}, {"Upload-Defer-Length": "0"}, {"Upload-Length": "3", "Upload-Defer-Length": "1"}]
)
def test_a_creation_says_its_length_or_that_it_does_not(tus: Tus, headers: dict[str, str]) -> None:
    """NC-06: either `Upload-Length` or `Upload-Defer-Length: 1`."""
    problem(tus.client.post("/v1/uploads/tus", headers={**VERSION, **headers}), 400, "BAD_REQUEST")


def test_what_is_ended_is_gone(tus: Tus, server: LiveServer) -> None:
    """NC-06: termination: 204, then 404; the same for a finished upload."""
    partial, whole = tus.place(len(TEXT)), tus.begin(len(TEXT), TEXT).headers["location"]
    tus.append(partial, 0, TEXT[:100])
    for place in (partial, whole):
        assert tus.end(place).status_code == 204
        assert tus.state(place).status_code == 404
        problem(tus.append(place, 100, b"x"), 404, "NOT_FOUND")
        problem(tus.end(place), 404, "NOT_FOUND")
    assert tus.client.get(f"/v1/uploads/{whole.rsplit('/', 1)[1]}").status_code == 404


def test_others_have_no_part_in_it(tus: Tus, server: LiveServer) -> None:
    """NA-01: an upload of another key is 404, with whatever method; without a key it is 401."""
    place = tus.place(len(TEXT))
    with server.client(server.new_key("somebody")) as stranger:
        other = Tus(stranger)
        assert other.state(place).status_code == 404
        problem(other.append(place, 0, b"x"), 404, "NOT_FOUND")
        problem(other.end(place), 404, "NOT_FOUND")
    with server.client("") as anonymous:
        response = Tus(anonymous).begin(3)
        problem(response, 401, "UNAUTHORIZED")
        assert response.headers["access-control-allow-origin"] == "*"  # or a page could not tell why
    assert tus.offset(place) == 0


def test_a_method_can_be_named_in_a_header(tus: Tus) -> None:
    """NC-06: `X-HTTP-Method-Override`, for clients that can't send PATCH or DELETE."""
    place = tus.place(len(TEXT))
    headers = {**VERSION, "Upload-Offset": "0", "Content-Type": OFFSET_STREAM, "X-HTTP-Method-Override": "PATCH"}
    assert tus.client.post(place, headers=headers, content=TEXT[:10]).headers["upload-offset"] == "10"
    named = tus.client.post(place, headers={**VERSION, "X-HTTP-Method-Override": "HEAD"})
    assert named.headers["upload-offset"] == "10"
    assert tus.client.post(place, headers={**VERSION, "X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert tus.state(place).status_code == 404
    problem(tus.client.post(place, headers=VERSION), 405, "METHOD_NOT_ALLOWED")


def test_its_end_is_told(tus: Tus) -> None:
    """NC-06: expiration: a date in every answer; bytes move it."""
    begun = tus.begin(len(TEXT))
    first = parsedate_to_datetime(begun.headers["upload-expires"])
    place = begun.headers["location"]
    later = tus.append(place, 0, b"x").headers["upload-expires"]
    assert parsedate_to_datetime(later) >= first
    assert tus.state(place).headers["upload-expires"] == later


def test_what_browsers_may_read(tus: Tus) -> None:
    """NC-06: the headers that a client of tus needs are exposed by CORS, also in a refusal."""
    place = tus.place(3)
    for response in (tus.state(place), tus.append(place, 7, b"")):
        exposed = set(response.headers["access-control-expose-headers"].lower().split(", "))
        assert exposed >= {"location", "upload-offset", "upload-length", "upload-metadata", "upload-expires"}
        assert exposed >= {"tus-resumable", "tus-version", "tus-extension", "tus-max-size"}


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [(b"\x00\x01\x02 of no format", 415, "UNSUPPORTED_MEDIA"), (b"", 422, "INVALID_FILE")],
)
def test_what_can_not_be_read_is_refused_at_the_end(tus: Tus, data: bytes, status: int, code: str) -> None:
    """NC-11: the content decides, as in `POST /v1/uploads`; what is refused is not kept."""
    response = tus.begin(len(data), data)
    problem(response, status, code)
    if data:
        place = tus.place(len(data))
        problem(tus.append(place, 0, data), status, code)
        assert tus.state(place).status_code == 404


@pytest.mark.parametrize(
    "header", ["filename not/base64!", "a YQ==,a YQ==", "grüße YQ==".encode(), ",", "a " + "YWFh" * 2000]
)
def test_malformed_metadata_is_refused(tus: Tus, header: str | bytes) -> None:
    """NC-06: what can't be read or is too long is 400."""
    sent: dict[str, str | bytes] = {**VERSION, "Upload-Length": "3", "Upload-Metadata": header}
    response: httpx.Response = tus.client.post("/v1/uploads/tus", headers=sent)  # type: ignore[arg-type]
    problem(response, 400, "BAD_REQUEST")

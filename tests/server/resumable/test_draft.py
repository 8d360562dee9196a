"""Resumable uploads by the IETF's draft (NC-07)."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest

from live import LiveServer, StartServer, problem

from .conftest import text

TEXT = text(50_000)
TYPES = "https://iana.org/assignments/http-problem-types#"


def begin(client: httpx.Client, data: bytes, **headers: str) -> httpx.Response:
    """Begin an upload with its first bytes."""
    sent = {"Upload-Complete": "?0", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.post("/v1/uploads", headers=sent, content=data)


def append(client: httpx.Client, place: str, offset: int, data: bytes, complete: str, **more: str) -> httpx.Response:
    """Add bytes."""
    headers = {"Upload-Offset": str(offset), "Upload-Complete": complete, "Content-Type": "application/partial-upload"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    return client.patch(place, headers=headers, content=data)


def refused(response: httpx.Response, status: int, kind: str) -> None:
    """Check that an answer is a problem of the draft's."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == TYPES + kind


def test_options_tell_limits(server: LiveServer) -> None:
    """NC-07: OPTIONS names the media type and the limits, also without a key."""
    with server.client("") as anonymous:
        response = anonymous.options("/v1/uploads")
    assert response.status_code == 204
    assert response.headers["accept-patch"] == "application/partial-upload"
    assert f"max-size={2 << 30}" in response.headers["upload-limit"]
    assert "POST" in response.headers["allow"]


def test_an_upload_in_parts(client: httpx.Client) -> None:
    """NC-07, NA-40: begun, asked for, gone on with, and ended with the answer that `POST /v1/uploads` gives."""
    disposition = "inline; filename*=UTF-8''tr%C3%A4ume.txt"
    begun = begin(client, TEXT[:100], Upload_Length=str(len(TEXT)), Content_Disposition=disposition)
    assert begun.status_code == 201
    assert "max-size=" in begun.headers["upload-limit"]
    place = begun.headers["location"]
    state = client.head(place)
    assert (state.status_code, state.headers["cache-control"]) == (204, "no-store")
    assert (state.headers["upload-offset"], state.headers["upload-complete"]) == ("100", "?0")
    assert state.headers["upload-length"] == str(len(TEXT))
    assert "max-age=" in state.headers["upload-limit"]
    more = append(client, place, 100, TEXT[100:200], "?0")
    assert (more.status_code, more.headers["upload-complete"]) == (204, "?0")
    assert client.get(place).status_code == 404  # nothing that could be used yet
    done = append(client, place, 200, TEXT[200:], "?1")
    assert (done.status_code, done.headers["upload-complete"]) == (201, "?1")
    plain = client.post("/v1/uploads", content=TEXT, headers={"Content-Disposition": disposition}).json()
    differing = {"uploadId", "expiresAt"}
    body = done.json()
    assert {key: body[key] for key in body if key not in differing} == {
        key: plain[key] for key in plain if key not in differing
    }
    assert done.headers["location"] == f"/v1/uploads/{body['uploadId']}" == place
    assert body["sha256"] == hashlib.sha256(TEXT).hexdigest()
    final = client.head(place)
    assert (final.headers["upload-complete"], final.headers["upload-offset"]) == ("?1", str(len(TEXT)))
    assert final.headers["upload-length"] == str(len(TEXT))
    assert client.get(place).json() == body


def test_the_end_may_come_without_bytes(client: httpx.Client) -> None:
    """NC-07: all bytes make no complete upload, until the client says so; the length needs never be said."""
    place = begin(client, TEXT).headers["location"]
    state = client.head(place)
    assert (state.headers["upload-complete"], state.headers["upload-offset"]) == ("?0", str(len(TEXT)))
    assert "upload-length" not in state.headers
    done = append(client, place, len(TEXT), b"", "?1")
    assert (done.status_code, done.json()["sizeBytes"]) == (201, len(TEXT))


def test_a_whole_upload_in_one_request(client: httpx.Client) -> None:
    """NC-07: `Upload-Complete: ?1` is the ordinary upload; its state can be asked for."""
    headers = {"Upload-Complete": "?1", "Upload-Length": str(len(TEXT))}
    response = client.post("/v1/uploads", content=TEXT, headers=headers)
    assert (response.status_code, response.headers["upload-complete"]) == (201, "?1")
    state = client.head(response.headers["location"])
    assert (state.headers["upload-complete"], state.headers["upload-offset"]) == ("?1", str(len(TEXT)))
    wrong = client.post("/v1/uploads", content=TEXT, headers={**headers, "Upload-Length": "3"})
    refused(wrong, 400, "inconsistent-upload-length")


@pytest.mark.parametrize("value", ["1", "?2", "true", "?0, ?1", ""])
def test_what_is_no_boolean_is_as_if_it_were_not_there(client: httpx.Client, value: str) -> None:
    """NC-07: a malformed `Upload-Complete` is ignored: the request is an ordinary upload."""
    response = begin(client, TEXT, Upload_Complete=value)
    assert response.status_code == 201
    assert response.json()["sizeBytes"] == len(TEXT)
    assert "upload-complete" not in response.headers


def test_a_wrong_offset_is_refused_with_the_right_one(client: httpx.Client) -> None:
    """NC-07: 409, `Upload-Offset`, `Upload-Complete: ?0`, and both offsets in the problem."""
    place = begin(client, TEXT[:100]).headers["location"]
    response = append(client, place, 7, b"x", "?0")
    refused(response, 409, "mismatching-upload-offset")
    assert (response.headers["upload-offset"], response.headers["upload-complete"]) == ("100", "?0")
    assert (response.json()["expected-offset"], response.json()["provided-offset"]) == (100, 7)


def test_lengths_that_contradict_are_refused(client: httpx.Client) -> None:
    """NC-07: every length that is said, in whichever way, is the same one."""
    place = begin(client, TEXT[:100], Upload_Length="1000").headers["location"]
    for response in (
        append(client, place, 100, b"x", "?0", Upload_Length="999"),
        append(client, place, 100, b"x" * 901, "?0"),
        append(client, place, 100, b"x" * 899, "?1"),
        append(client, place, 100, b"", "?1"),
        begin(client, b"x" * 10, Upload_Length="9"),
    ):
        refused(response, 400, "inconsistent-upload-length")
        assert response.headers["upload-complete"] == "?0"
    assert client.head(place).headers["upload-offset"] == "100"
    assert append(client, place, 100, TEXT[100:1000], "?1").status_code == 201


def test_more_bytes_than_the_length_end_an_upload(client: httpx.Client) -> None:
    """NC-07: where `Content-Length` does not show it before, the upload is invalid afterwards."""
    place = begin(client, TEXT[:100], Upload_Length="1000").headers["location"]
    headers = {"Upload-Offset": "100", "Upload-Complete": "?0", "Content-Type": "application/partial-upload"}
    response = client.patch(place, headers=headers, content=iter([b"x" * 500, b"x" * 500]))
    refused(response, 400, "inconsistent-upload-length")
    assert client.head(place).status_code == 404


def test_a_stream_may_end_short_of_its_length(client: httpx.Client) -> None:
    """NC-07: an end before the length is refused, and the bytes are kept."""
    place = begin(client, TEXT[:100], Upload_Length=str(len(TEXT))).headers["location"]
    headers = {"Upload-Offset": "100", "Upload-Complete": "?1", "Content-Type": "application/partial-upload"}
    refused(client.patch(place, headers=headers, content=iter([TEXT[100:200]])), 400, "inconsistent-upload-length")
    assert client.head(place).headers["upload-offset"] == "200"


def test_a_complete_upload_takes_nothing_more(client: httpx.Client) -> None:
    """NC-07: bytes are an inconsistent length, no bytes a completed upload."""
    place = begin(client, TEXT).headers["location"]
    append(client, place, len(TEXT), b"", "?1")
    refused(append(client, place, len(TEXT), b"x", "?1"), 400, "inconsistent-upload-length")
    refused(append(client, place, len(TEXT), b"", "?1"), 400, "completed-upload")


def test_malformed_appends_are_refused(client: httpx.Client) -> None:
    """NC-07: 415 for another type, 400 where the offset or the completeness is missing or malformed."""
    place = begin(client, TEXT[:100]).headers["location"]
    response = append(client, place, 100, b"x", "?0", Content_Type="application/octet-stream")
    problem(response, 415, "UNSUPPORTED_MEDIA")
    assert response.headers["accept-patch"] == "application/partial-upload"
    problem(append(client, place, 100, b"x", "yes"), 400, "BAD_REQUEST")
    problem(append(client, place, 100, b"x", "?0", Upload_Offset="-1"), 400, "BAD_REQUEST")
    problem(begin(client, b"--x--", Content_Type="multipart/form-data; boundary=x"), 415, "UNSUPPORTED_MEDIA")


def test_too_large_uploads_are_refused(start_server: StartServer) -> None:
    """NC-07: 413 with `Upload-Limit`, at the creation and later."""
    with start_server(max_upload_bytes="1000").client() as client:
        place = begin(client, b"x" * 900).headers["location"]
        for response in (begin(client, b"x" * 1001), begin(client, b"", Upload_Length="1001")):
            problem(response, 413, "FILE_TOO_LARGE")
            assert "max-size=1000" in response.headers["upload-limit"]
        problem(append(client, place, 900, b"x" * 101, "?0"), 413, "FILE_TOO_LARGE")
        headers = {"Upload-Offset": "900", "Upload-Complete": "?0", "Content-Type": "application/partial-upload"}
        problem(client.patch(place, headers=headers, content=iter([b"x" * 101])), 413, "FILE_TOO_LARGE")
        assert append(client, place, 900, b"x" * 100, "?1").status_code == 201


def test_what_can_not_be_read_is_an_answer_of_its_own(client: httpx.Client) -> None:
    """NC-07, NC-11: a refusal of the whole file says `Upload-Complete: ?1`: going on would not help."""
    place = begin(client, b"\x00\x01").headers["location"]
    response = append(client, place, 2, b"\x02", "?1")
    problem(response, 415, "UNSUPPORTED_MEDIA")
    assert response.headers["upload-complete"] == "?1"
    assert client.head(place).status_code == 404


def test_a_cancelled_upload_is_gone(client: httpx.Client, server: LiveServer) -> None:
    """NC-07: DELETE; a stranger can neither see nor end it."""
    place = begin(client, TEXT[:100]).headers["location"]
    with server.client(server.new_key("stranger")) as stranger:
        assert stranger.head(place).status_code == 404
        problem(stranger.delete(place), 404, "NOT_FOUND")
        problem(append(stranger, place, 100, b"x", "?0"), 404, "NOT_FOUND")
    assert client.delete(place).status_code == 204
    assert client.head(place).status_code == 404
    problem(append(client, place, 100, b"x", "?0"), 404, "NOT_FOUND")


def test_content_is_checked_before_it_is_kept(client: httpx.Client) -> None:
    """NC-09: a wrong `Content-Digest` is 400 and leaves the offset where it was."""
    place = begin(client, TEXT[:100]).headers["location"]
    digest = base64.b64encode(hashlib.sha256(TEXT[100:]).digest()).decode()
    stated = f"sha-256=:{digest}:"
    problem(append(client, place, 100, b"other", "?0", Content_Digest=stated), 400, "BAD_REQUEST")
    assert client.head(place).headers["upload-offset"] == "100"
    assert append(client, place, 100, TEXT[100:], "?1", Content_Digest=stated).status_code == 201

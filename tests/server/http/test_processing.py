"""Processing over REST: bodies, answers, errors. The NA lines of the native contract."""

from __future__ import annotations

import base64
import json
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import httpx
import pytest
import pyvips

from live import LiveServer, pointers, problem, size_of

SEVEN = {
    "instagram-feed": (1080, 1080),
    "instagram-story": (1080, 1920),
    "tiktok": (1080, 1920),
    "youtube-thumbnail": (1280, 720),
    "twitter-post": (1600, 900),
    "linkedin-post": (1200, 627),
    "pinterest-pin": (1000, 1500),
}


def test_raw_body_with_query_gives_bytes(client: httpx.Client, photo: Path) -> None:
    """NA-23, NA-28: a raw body with parameters in the query, answered with the bytes."""
    response = client.post(
        "/v1/resize", params={"width": 300}, content=photo.read_bytes(), headers={"Accept": "image/*"}
    )
    assert response.status_code == 200, response.text
    assert size_of(response.content) == (300, 200)
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["content-disposition"].startswith("inline")
    stored = client.get(f"/v1/assets/{response.headers['x-asset-id']}")
    assert stored.content == response.content


def test_curl_as_it_is_written(server: LiveServer, photo: Path, tmp_path: Path) -> None:
    """NA-28: the contract's own curl line, which claims to send a form, gets a picture."""
    out = tmp_path / "out.jpg"
    url = f"{server.address}/v1/resize?width=80"
    words = ["curl", "-sf", "-H", f"X-API-Key: {server.key}", "--data-binary", f"@{photo}", "-H", "Accept: image/*"]
    subprocess.run([*words, url, "-o", str(out)], check=True)
    assert size_of(out.read_bytes()) == (80, 53)


def test_json_answer_says_what_was_made(client: httpx.Client, photo: Path) -> None:
    """NA-27: the result's members, the source's facts, the report; the signed URL works without a key."""
    files = {"file": ("Café photo.jpg", photo.read_bytes(), "image/png")}
    response = client.post(
        "/v1/resize", files=files, data={"width": "400", "format": "webp", "metadata": '{"order": 7}'}
    )
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["width"], body["height"], body["format"], body["mimeType"]) == (400, 267, "webp", "image/webp")
    assert body["filename"] == "Café photo.webp"
    assert body["source"]["format"] == "jpeg"
    assert (body["source"]["width"], body["source"]["height"]) == (1200, 800)
    assert body["source"]["sizeBytes"] == photo.stat().st_size
    assert body["metadata"] == {"order": 7}
    assert [step["op"] for step in body["report"]] == ["resize", "encode"]
    assert all(step["milliseconds"] >= 0 for step in body["report"])
    anonymous = httpx.get(body["url"])
    assert anonymous.status_code == 200
    assert len(anonymous.content) == body["sizeBytes"]


def test_json_body_with_base64_source(client: httpx.Client, photo: Path) -> None:
    """NA-24: the file in base64, as data URL too."""
    encoded = base64.b64encode(photo.read_bytes()).decode()
    for text in (encoded, f"data:image/jpeg;base64,{encoded}", encoded.replace("+", "-").replace("/", "_").rstrip("=")):
        body = client.post("/v1/resize", json={"source": {"base64": text}, "height": 100}).json()
        assert (body["width"], body["height"]) == (150, 100)


def test_process_chains_steps(client: httpx.Client, photo: Path) -> None:
    """NA-21: a pipeline of steps runs as one."""
    steps = [{"op": "resize", "width": 200}, {"op": "Rotate".lower(), "angle": 90}, {"op": "convert", "format": "png"}]
    response = client.post("/v1/process", files={"file": photo.read_bytes()}, data={"steps": json.dumps(steps)})
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["width"], body["height"], body["format"]) == (133, 200, "png")
    assert [step["op"] for step in body["report"]] == ["resize", "rotate", "convert", "encode"]


def test_uploads_and_assets_are_sources(client: httpx.Client, photo: Path) -> None:
    """NA-24, NA-40: an upload and a result can be worked on again."""
    upload = client.post("/v1/uploads", content=photo.read_bytes(), headers={"Content-Type": "image/jpeg"})
    assert upload.status_code == 201
    assert upload.headers["location"] == f"/v1/uploads/{upload.json()['uploadId']}"
    first = client.post("/v1/resize", json={"source": {"uploadId": upload.json()["uploadId"]}, "width": 200}).json()
    second = client.post("/v1/flip", json={"source": {"assetId": first["assetId"]}}).json()
    assert (second["width"], second["height"]) == (200, 133)


@pytest.mark.parametrize(
    ("source", "pointer"),
    [
        ({}, "#/source"),
        ({"url": "http://127.0.0.1/x", "base64": "eA=="}, "#/source"),
        ({"uploadId": "nope"}, "#/source/uploadId"),
        ({"assetId": "nope"}, "#/source/assetId"),
        ({"storageKey": "nope"}, "#/source/storageKey"),
        ({"base64": "@@@"}, "#/source/base64"),
        ({"file": "x"}, "#/source/file"),
    ],
)
def test_bad_sources_name_the_field(client: httpx.Client, source: dict[str, str], pointer: str) -> None:
    """NA-24: none, two, unknown and unreadable sources are 422 with a pointer."""
    body = problem(client.post("/v1/flip", json={"source": source}), 422, "INVALID_PARAMETER")
    assert pointers(body) == {pointer}


def test_missing_and_double_input(client: httpx.Client, photo: Path) -> None:
    """NA-24: no input at all, and one too many, are 422."""
    problem(client.post("/v1/flip", json={}), 422, "INVALID_PARAMETER")
    problem(client.post("/v1/flip", content=b""), 422, "INVALID_PARAMETER")
    files = {"file": photo.read_bytes()}
    data = {"source": '{"uploadId": "x"}'}
    problem(client.post("/v1/flip", files=files, data=data), 422, "INVALID_PARAMETER")


def test_all_wrong_parameters_at_once(client: httpx.Client) -> None:
    """NA-71: every fault with its pointer, and the nearest name for an unknown one."""
    response = client.post(
        "/v1/resize", json={"source": {"base64": "eA=="}, "widht": 5, "height": 99999, "fit": "stretchy", "quality": 0}
    )
    body = problem(response, 422, "INVALID_PARAMETER")
    assert pointers(body) == {"#/widht", "#/height", "#/fit", "#/quality"}
    assert "'width'" in response.text
    assert "cover" in response.text


def test_the_chain_is_checked_before_anything_is_fetched(client: httpx.Client) -> None:
    """NA-26: kinds that don't fit are named with the step's pointer, although the source can't be had."""
    steps = [{"op": "picture-info"}, {"op": "resize", "width": 5}]
    response = client.post("/v1/process", json={"source": {"uploadId": "nope"}, "steps": steps})
    body = problem(response, 422, "INVALID_PARAMETER")
    assert pointers(body) == {"#/steps/1"}
    assert "Picture" in response.text
    assert "Data" in response.text


def test_enumerations_in_any_case(client: httpx.Client, photo: Path) -> None:
    """Spellings: `Cover` is `cover`."""
    params = {"width": 100, "height": 100, "fit": "Cover", "format": "PNG"}
    body = client.post("/v1/resize", params=params, content=photo.read_bytes()).json()
    assert (body["width"], body["height"], body["format"]) == (100, 100, "png")


def test_many_inputs_map_into_one_archive(client: httpx.Client, photo: Path) -> None:
    """NA-25: many inputs of a one-input operation give one ZIP, or a list."""
    data = photo.read_bytes()
    files = [("files[]", ("a.jpg", data)), ("files[]", ("b.jpg", data)), ("files[]", ("a.jpg", data))]
    body = client.post("/v1/resize", files=files, data={"width": "50"}).json()
    assert body["mimeType"] == "application/zip"
    with zipfile.ZipFile(BytesIO(client.get(f"/v1/assets/{body['assetId']}").content)) as archive:
        assert sorted(archive.namelist()) == ["a-1.jpg", "a-2.jpg", "b.jpg"]
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        assert size_of(archive.read("b.jpg")) == (50, 33)
    body = client.post("/v1/resize", files=files, data={"width": "50", "output": '{"archive": "none"}'}).json()
    assert [output["filename"] for output in body["outputs"]] == ["a-1.jpg", "b.jpg", "a-2.jpg"]
    assert len(body["sources"]) == 3


def test_seven_packs_from_one_photo(client: httpx.Client, photo: Path) -> None:
    """NA-22: all packs of one picture, as JSON and as one ZIP."""
    response = client.post("/v1/packs", files={"file": photo.read_bytes()}, data={"packs": json.dumps(list(SEVEN))})
    assert response.status_code == 200, response.text
    results = response.json()["results"]
    assert {result["packId"]: (result["width"], result["height"]) for result in results} == SEVEN
    assert {result["format"] for result in results} == {"jpeg"}
    archive = client.post(
        "/v1/packs",
        files={"file": photo.read_bytes()},
        data={"packs": json.dumps(list(SEVEN))},
        headers={"Accept": "application/zip"},
    )
    with zipfile.ZipFile(BytesIO(archive.content)) as found:
        assert {name: size_of(found.read(name)) for name in found.namelist()} == {
            f"{pack}.jpg": size for pack, size in SEVEN.items()
        }


def test_one_pack(client: httpx.Client, photo: Path) -> None:
    """NA-22: one pack gives one result; an unknown one is 404 with the nearest."""
    body = client.post("/v1/packs/pinterest-pin", content=photo.read_bytes()).json()
    assert (body["width"], body["height"]) == (1000, 1500)
    response = client.post("/v1/packs/pinterest-pins", content=photo.read_bytes())
    assert "pinterest-pin" in str(problem(response, 404, "NOT_FOUND")["detail"])
    response = client.post("/v1/packs", json={"source": {"base64": "eA=="}, "packs": ["tiktok", "tictoc"]})
    assert pointers(problem(response, 422, "INVALID_PARAMETER")) == {"#/packs/1"}


def test_output_options(client: httpx.Client, photo: Path) -> None:
    """NA-29: life, name and visibility of a result."""
    output = {"ttlSeconds": 60, "public": True, "filename": "../My name.gif"}
    body = client.post("/v1/flip", files={"file": photo.read_bytes()}, data={"output": json.dumps(output)}).json()
    assert body["filename"] == "My name.jpg"
    assert "?" not in body["url"]
    assert httpx.get(body["url"]).status_code == 200
    kept = client.post("/v1/flip", files={"file": photo.read_bytes()}, data={"output": '{"ttlSeconds": null}'}).json()
    assert kept["expiresAt"] is None
    for bad in ({"ttlSeconds": 59}, {"ttlSeconds": 2592001}, {"archive": "rar"}, {"ttl": 60}):
        response = client.post("/v1/flip", files={"file": photo.read_bytes()}, data={"output": json.dumps(bad)})
        problem(response, 422, "INVALID_PARAMETER")


def test_unchanged_picture_is_byte_identical(client: httpx.Client, photo: Path) -> None:
    """Downsize within its bounds gives the very bytes."""
    response = client.post(
        "/v1/downsize", params={"maxWidth": 5000}, content=photo.read_bytes(), headers={"Accept": "image/*"}
    )
    assert response.content == photo.read_bytes()


def test_data_results(client: httpx.Client, photo: Path) -> None:
    """An operation that measures answers with its data."""
    body = client.post("/v1/picture-info", content=photo.read_bytes()).json()
    assert (body["data"]["width"], body["data"]["height"]) == (1200, 800)
    assert body["mimeType"] == "application/json"


def test_watermark_from_a_second_part(client: httpx.Client, photo: Path) -> None:
    """A file part named as a parameter stands for that source."""
    logo = pyvips.Image.black(40, 40, bands=4).linear(1, [255, 0, 255, 255]).copy(interpretation="srgb")
    files = {"file": photo.read_bytes(), "image": ("logo.png", logo.cast("uchar").pngsave_buffer(), "image/png")}
    response = client.post("/v1/watermark", files=files, data={"position": "top-left", "format": "png"})
    assert response.status_code == 200, response.text
    stored = client.get(f"/v1/assets/{response.json()['assetId']}").content
    mark = pyvips.Image.new_from_buffer(stored, "")
    found = [mark(x, y) for x in range(10, 200, 10) for y in range(10, 200, 10)]
    assert any(abs(r - 255) < 90 and g < 120 and b > 130 for r, g, b, *_ in found)


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"[1]", "application/json", 422, "INVALID_PARAMETER"),
        (b"[" * 100000, "application/json", 400, "BAD_REQUEST"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA"),
        (b"\x00\x01\x02\x03 not a picture", "image/jpeg", 415, "UNSUPPORTED_MEDIA"),
        (b"just text", "image/jpeg", 415, "UNSUPPORTED_MEDIA"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF broken", "image/jpeg", 422, "INVALID_FILE"),
        (b"--x\r\n", "multipart/form-data", 400, "BAD_REQUEST"),
    ],
)
def test_unreadable_bodies(client: httpx.Client, content: bytes, content_type: str, status: int, code: str) -> None:
    """NA-71: what can't be read is a typed 4xx."""
    problem(client.post("/v1/flip", content=content, headers={"Content-Type": content_type}), status, code)


def test_unknown_paths_and_methods(client: httpx.Client) -> None:
    """NC-15: 404 for a path, 405 with `Allow` for a method."""
    problem(client.post("/v1/resise", content=b"x"), 404, "NOT_FOUND")
    response = client.get("/v1/resize")
    problem(response, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in response.headers["allow"]


def test_content_digest(client: httpx.Client, photo: Path) -> None:
    """NC-09: a body that is not what its digest says is 400."""
    headers = {"Content-Digest": "sha-256=:AAAA:"}
    problem(client.post("/v1/flip", content=photo.read_bytes(), headers=headers), 400, "BAD_REQUEST")


def test_request_id_and_trace_are_kept(client: httpx.Client) -> None:
    """NC-16: a request id of the caller's comes back, a bad one is replaced; `traceparent` is propagated."""
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    response = client.get("/health/live", headers={"X-Request-Id": "my-id_1", "traceparent": trace})
    assert response.headers["x-request-id"] == "my-id_1"
    assert response.headers["traceparent"] == trace
    response = client.get("/health/live", headers={"X-Request-Id": "bad id!"})
    assert response.headers["x-request-id"] != "bad id!"

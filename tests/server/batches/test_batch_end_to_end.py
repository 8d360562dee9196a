"""Batches over a real server: posted, waited for, and their results opened."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from live import pointers, problem, size_of

Wait = Callable[[httpx.Response], dict[str, Any]]
STEPS = [{"op": "resize", "width": 60}]


@pytest.fixture
def upload(client: httpx.Client, photo: Path) -> dict[str, str]:
    """The photo as a source."""
    answer = client.post(
        "/v1/uploads", content=photo.read_bytes(), headers={"Content-Disposition": 'attachment; filename="photo.jpg"'}
    )
    return {"uploadId": answer.json()["uploadId"]}


def opened(client: httpx.Client, asset_id: str) -> zipfile.ZipFile:
    """Open a ZIP that is an asset."""
    answer = client.get(f"/v1/assets/{asset_id}")
    assert answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(BytesIO(answer.content))


def test_one_zip_of_many(client: httpx.Client, wait: Wait, upload: dict[str, str], photo: Path) -> None:
    """NA-25, NA-27: a ZIP of all results under names that differ; the caller's metadata comes back."""
    inline = {"base64": base64.b64encode(photo.read_bytes()).decode()}
    body = {
        "sources": [upload, upload, inline],
        "steps": STEPS,
        "metadata": {"order": 7},
        "output": {"filename": "small", "ttlSeconds": 3600},
    }
    answer = client.post("/v1/batches", json=body)
    assert (answer.json()["parts"], answer.json()["partsLeft"]) == (3, 3)
    job = wait(answer)
    assert (job["status"], job["progress"], job["partsLeft"]) == ("succeeded", 1, 0), job
    result = job["result"]
    names = ["photo-1.jpg", "photo-2.jpg", "file.jpg"]
    assert result["outputs"] == [{"source": index, "files": [name]} for index, name in enumerate(names)]
    assert (result["succeeded"], result["failed"], result["metadata"]) == (3, 0, {"order": 7})
    assert (result["filename"], result["format"], result["files"]) == ("small.zip", "zip", names)
    with opened(client, result["assetId"]) as archive:
        assert archive.namelist() == names
        assert {size_of(archive.read(name)) for name in names} == {(60, 40)}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    assert httpx.get(result["url"]).status_code == 200


def test_parts_results_go_with_the_zip(client: httpx.Client, wait: Wait, upload: dict[str, str]) -> None:
    """NA-41: in a ZIP they are of no more use by themselves."""
    job = wait(client.post("/v1/batches", json={"sources": [upload], "steps": STEPS}))
    (part,) = client.get(f"/v1/jobs/{job['jobId']}/parts").json()["parts"]
    problem(client.get(f"/v1/assets/{part['result']['assetId']}"), 404, "NOT_FOUND")
    assert client.get(f"/v1/assets/{job['result']['assetId']}").status_code == 200


def test_failures_are_told(client: httpx.Client, wait: Wait, upload: dict[str, str]) -> None:
    """A batch of which something came has succeeded, and says which of its inputs did not, and why."""
    sources = [upload, {"uploadId": "nope"}, {"base64": "bm8gcGljdHVyZQ=="}]
    job = wait(client.post("/v1/batches", json={"sources": sources, "steps": STEPS}))
    result = job["result"]
    assert (job["status"], result["succeeded"], result["failed"]) == ("succeeded", 1, 2)
    assert result["outputs"][0]["files"] == ["photo.jpg"]
    unknown, broken = (output["error"] for output in result["outputs"][1:])
    assert (unknown["code"], unknown["errors"][0]["pointer"]) == ("INVALID_PARAMETER", "#/sources/1/uploadId")
    assert broken["code"] == "UNSUPPORTED_MEDIA"
    page = client.get(f"/v1/jobs/{job['jobId']}/parts", params={"status": "failed"}).json()
    assert [(part["source"], part["status"], part["error"]["code"]) for part in page["parts"]] == [
        (1, "failed", "INVALID_PARAMETER"),
        (2, "failed", "UNSUPPORTED_MEDIA"),
    ]


def test_batch_of_which_nothing_came_failed(client: httpx.Client, wait: Wait) -> None:
    """The code is that of the first input; the reasons of all are there."""
    sources = [{"base64": "bm8gcGljdHVyZQ=="}, {"uploadId": "nope"}]
    answer = client.post("/v1/batches", json={"sources": sources, "steps": STEPS})
    job = wait(answer)
    assert (job["status"], job["error"]["code"]) == ("failed", "UNSUPPORTED_MEDIA")
    assert {error["pointer"] for error in job["error"]["errors"]} == {"#/sources/0", "#/sources/1"}


def test_list_of_results(client: httpx.Client, wait: Wait, upload: dict[str, str]) -> None:
    """NA-25: with `archive` `none` each input has its own result, in order, which works by its URL."""
    output = {"archive": "none", "filename": "cover.jpg", "ttlSeconds": 60}
    sources = [upload, {"uploadId": "nope"}, upload]
    job = wait(client.post("/v1/batches", json={"sources": sources, "steps": STEPS, "output": output}))
    outputs = job["result"]["outputs"]
    assert "assetId" not in job["result"]
    assert [output["source"] for output in outputs] == [0, 1, 2]
    assert outputs[1]["error"]["code"] == "INVALID_PARAMETER"
    first, last = outputs[0]["result"], outputs[2]["result"]
    assert (first["filename"], last["filename"]) == ("cover-1.jpg", "cover-3.jpg")
    assert (first["width"], first["source"]["width"], first["report"][0]["op"]) == (60, 1200, "resize")
    assert size_of(httpx.get(first["url"]).content) == (60, 40)
    held = {asset["assetId"]: asset for asset in client.get("/v1/assets").json()["assets"]}
    assert held[first["assetId"]]["expiresAt"] == first["expiresAt"] == last["expiresAt"]


def test_packs_stand_under_their_inputs(client: httpx.Client, wait: Wait, upload: dict[str, str]) -> None:
    """NA-22: each input has a folder, each pack is a file in it."""
    body = {"sources": [upload, upload], "packs": ["instagram-feed", "tiktok"]}
    job = wait(client.post("/v1/batches", json=body))
    names = [f"photo-{number}/{pack}.jpg" for number in (1, 2) for pack in ("instagram-feed", "tiktok")]
    with opened(client, job["result"]["assetId"]) as archive:
        assert archive.namelist() == names
        assert size_of(archive.read(names[1])) == (1080, 1920)
    assert job["result"]["outputs"][1] == {"source": 1, "files": names[2:]}


def test_form_with_files(client: httpx.Client, wait: Wait, photo: Path) -> None:
    """NA-23: files of a form are the inputs; one that is nothing known fails alone."""
    files = [
        ("files", ("a.jpg", photo.read_bytes())),
        ("files", ("b.bin", b"\x00\x01\x02")),
        ("files", ("c.jpg", photo.read_bytes())),
    ]
    job = wait(client.post("/v1/batches", files=files, data={"steps": json.dumps(STEPS)}))
    outputs = job["result"]["outputs"]
    assert [output.get("files") for output in outputs] == [["a.jpg"], None, ["c.jpg"]]
    assert outputs[1]["error"]["code"] == "UNSUPPORTED_MEDIA"
    assert "b.bin" in outputs[1]["error"]["detail"]


def test_files_in_steps_are_kept_once(client: httpx.Client, wait: Wait, upload: dict[str, str], photo: Path) -> None:
    """A picture in the JSON of the steps serves every part."""
    overlay = {"base64": base64.b64encode(photo.read_bytes()).decode()}
    steps = [{"op": "watermark", "image": overlay}, *STEPS]
    job = wait(client.post("/v1/batches", json={"sources": [upload, upload], "steps": steps}))
    assert (job["status"], job["result"]["succeeded"]) == ("succeeded", 2), job


def test_waiting_for_the_result(client: httpx.Client, upload: dict[str, str]) -> None:
    """NC-05: with `Prefer: wait=N` the answer is the result, or its bytes; the failure, where it failed."""
    body = {"sources": [upload], "steps": STEPS}
    answer = client.post("/v1/batches", json=body, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.json()["succeeded"] == 1
    answer = client.post("/v1/batches", json=body, headers={"Prefer": "wait=30", "Accept": "application/zip"})
    assert zipfile.ZipFile(BytesIO(answer.content)).namelist() == ["photo.jpg"]
    nothing = {"sources": [{"uploadId": "nope"}], "steps": STEPS}
    failed = problem(client.post("/v1/batches", json=nothing, headers={"Prefer": "wait=30"}), 422, "INVALID_PARAMETER")
    assert pointers(failed) == {"#/sources/0"}


def test_same_key_same_batch(client: httpx.Client, wait: Wait, upload: dict[str, str]) -> None:
    """NC-04: a repetition is answered with the first one's job."""
    body = {"sources": [upload], "steps": STEPS, "output": {"idempotencyKey": "batch-7"}}
    first, second = (client.post("/v1/batches", json=body) for _ in range(2))
    assert (second.status_code, second.headers["idempotency-replayed"]) == (202, "true")
    assert second.headers["location"] == first.headers["location"]
    assert wait(second)["status"] == "succeeded"

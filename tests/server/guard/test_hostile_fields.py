"""What callers put into names, forms, JSON and offsets, over a live server: each answer has the headers it should."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import httpx
import pytest

import bombs
from live import LiveServer, pointers, problem
from tus_wire import OFFSET_STREAM, VERSION, Tus

PICTURE = bombs.photo()
EVIL = "a\r\nX-Evil: 1\r\n\r\n<script>\x00\u202egpj.png"
CLEANED = "aX-Evil 1scriptgpj"
DIALECTS = ("imgstax", "imgsmaller", "filewhirl", "filestack")
FORM = {"Content-Type": "multipart/form-data; boundary=XX"}
PARTIAL = "application/partial-upload"
HERE = "http://127.0.0.1:9/a.png"


@pytest.fixture(scope="module")
def keys(server: LiveServer) -> Mapping[str, str]:
    """A key of every dialect that reads JSON."""
    return {dialect: server.new_key(f"hostile-{dialect}", dialect=dialect) for dialect in DIALECTS}


@pytest.fixture
def bare(server: LiveServer) -> Iterator[httpx.Client]:
    """A client without a key."""
    with server.client("") as found:
        yield found


def harmless(answer: httpx.Response) -> None:
    """Check that nothing of a name has become a header, or ends one."""
    assert "x-evil" not in answer.headers
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values()), answer.headers


def test_names_in_every_place(client: httpx.Client, bare: httpx.Client, keys: Mapping[str, str]) -> None:
    """A name with line ends, in each place that takes one, is cleaned before it is kept or told."""
    coded = f"attachment; filename*=UTF-8''{quote(EVIL, safe='')}"
    kept = client.post("/v1/uploads", content=PICTURE, headers={"Content-Disposition": coded})
    assert kept.json()["filename"] == f"{CLEANED}.png"
    source = {"uploadId": kept.json()["uploadId"]}
    made = client.post("/v1/flip", json={"source": source, "output": {"filename": EVIL}})
    raw = client.post("/v1/flip", content=PICTURE, headers={"Content-Disposition": coded, "Accept": "image/*"})
    read = client.get(f"/v1/assets/{made.json()['assetId']}")
    tus = Tus(client)
    begun = tus.begin(len(PICTURE), PICTURE, Upload_Metadata="filename YQ0KWC1FdmlsOiAxDQo=,type YQ==")
    state = tus.state(begun.headers["location"])
    assert tus.upload(begun.headers["location"])["filename"] == "aX-Evil 1"
    query = f"/filestack/api/store/S3?key={keys['filestack']}&filename="
    refused = bare.post(query + quote(EVIL), content=PICTURE, headers={"Content-Type": "image/jpeg"})
    assert refused.status_code == 400, refused.text
    stored = bare.post(
        query + quote('．．／\u202egpj;x="é".png'), content=PICTURE, headers={"Content-Type": "image/jpeg"}
    )
    shown = bare.get("/filestack/cdn/" + stored.json()["handle"])
    for answer in (kept, made, raw, read, begun, state, refused, stored, shown):
        harmless(answer)
    assert made.json()["filename"] == f"{CLEANED}.jpg"
    for answer in (raw, read):
        assert f'filename="{CLEANED}' in answer.headers["content-disposition"]
    assert "/" not in shown.headers["content-disposition"].partition("filename*")[0]


@pytest.mark.parametrize(
    "header",
    [
        *("X-Request-Id", "Idempotency-Key", "Prefer", "Accept", "Accept-Language", "Origin", "Want-Repr-Digest"),
        *("If-None-Match", "Range", "X-HTTP-Method-Override", "X-Forwarded-Host", "X-Forwarded-Proto", "Priority"),
    ],
)
def test_what_is_told_back_of_a_request(client: httpx.Client, header: str) -> None:
    """Bytes that are no text, in headers that answers may repeat, end no header and break no answer."""
    for value in (b"\xff\xfe\xe2\x80\xae", b"a\tb", b'";x="' * 50, b"%0d%0aX-Evil: 1", b"\xc3\xa9\xc2\x85"):
        answer = client.get("/v1/usage", headers={header.encode(): value})  # type: ignore[dict-item]
        assert answer.status_code < 500, answer.text
        harmless(answer)


@pytest.mark.parametrize(
    "name",
    [
        *("a[b][c]", "width[]", "width[0]", "source.url", "source[url]", "[" * 5000 + "]" * 5000, "__proto__"),
        *("constructor[prototype][x]", "a\\u0000b", "../width", "\u202ehtdiw", "", "%00", "n" * 4000),
    ],
)
def test_nested_names_of_parts(client: httpx.Client, name: str) -> None:
    """A part's name names a parameter and nothing in it; one that is none is refused in a short answer."""
    disposition = f'Content-Disposition: form-data; name="{name}"'.encode()
    parts = [
        b'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + PICTURE,
        disposition + b"\r\n\r\n5",
    ]
    body = b"".join(b"--XX\r\n%b\r\n" % part for part in parts) + b"--XX--\r\n"
    answer = client.post("/v1/flip", content=body, headers=FORM)
    assert answer.status_code in (400, 413, 422), answer.text[:300]
    assert len(answer.content) < 64 << 10
    harmless(answer)


MIXED = b"""--XX\r
Content-Disposition: form-data; name="width"\r
Content-Type: multipart/mixed; boundary=YY\r
\r
--YY\r\nContent-Disposition: file; filename="a"\r\n\r\nx\r\n--YY--\r\n--XX--\r
"""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + PICTURE + b"\r\n--XX", 400),
        (b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + PICTURE + b"\r\n--XX-", 400),
        (b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"', 400),
        (b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n", 422),
        (b"--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--\r\n", 400),
        (b'--XX\r\nContent-Disposition: attachment; name="width"\r\n\r\n5\r\n--XX--\r\n', 400),
        (b'--XX\r\nno colon\r\nContent-Disposition: form-data; name="width"\r\n\r\n5\r\n--XX--\r\n', 400),
        (b'--XX\r\n: x\r\nContent-Disposition: form-data; name="width"\r\n\r\n5\r\n--XX--\r\n', 400),
        (b'--XX\nContent-Disposition: form-data; name="width"\n\n5\n--XX--\n', 400),
        (
            b'--XX\r\nContent-Disposition: form-data; name="file"; filename="'
            + b"a" * 100_000
            + b'"\r\n\r\nx\r\n--XX--',
            413,
        ),
        (b"--XX\r\nX: " + b"y" * 100_000 + b"\r\n\r\nx\r\n--XX--\r\n", 413),
        (b"--XX\r\n" + b"X: y\r\n" * 1000 + b"\r\nx\r\n--XX--\r\n", 413),
        (b'--XX\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n' * 2000 + b"--XX--\r\n", 413),
        (MIXED, 422),
    ],
)
def test_forms_that_end_wrongly_or_never_begin(client: httpx.Client, body: bytes, status: int) -> None:
    """No end, no name, headers that are none, too large or too many, forms in forms: the status says which."""
    answer = client.post("/v1/resize", content=body, headers=FORM)
    assert answer.status_code == status, answer.text[:300]
    harmless(answer)


DEEP = [
    "[" * 50_000,
    '{"a":' * 50_000,
    "[" * 5000 + "]" * 5000,
    '{"source":{"url":' + '{"a":' * 5000 + "1" + "}" * 5002,
]


@pytest.mark.parametrize("text", DEEP, ids=["lists", "objects", "closed", "source"])
def test_deep_json(client: httpx.Client, bare: httpx.Client, keys: Mapping[str, str], text: str) -> None:
    """JSON that is nested without end is a client's error at every door that reads JSON."""
    answers = [
        client.post(path, content=text, headers={"Content-Type": "application/json"})
        for path in ("/v1/resize", "/v1/process", "/v1/packs", "/v1/batches", "/v1/keys")
    ]
    form = {"file": ("a.jpg", PICTURE), "steps": (None, text)}
    answers.append(client.post("/v1/process", files=form))
    doors = {
        "imgstax": ["/v1/resize"],
        "imgsmaller": ["/api/v1/compress"],
        "filewhirl": ["/convert-api"],
        "filestack": ["/process", f"/api/store/S3?key={keys['filestack']}", "/upload/multipart/start"],
    }
    for dialect, paths in doors.items():
        headers = {"Content-Type": "application/json", "X-API-Key": keys[dialect]}
        answers += [bare.post(f"/{dialect}{path}", content=text, headers=headers) for path in paths]
    for answer in answers:
        assert 400 <= answer.status_code < 500, (answer.request.url, answer.status_code, answer.text[:300])
        assert len(answer.content) < 64 << 10


def test_deep_values_that_are_kept_and_told_again(
    client: httpx.Client, bare: httpx.Client, keys: Mapping[str, str]
) -> None:
    """A caller's own values, which come back with the result, are refused where they are too deep, or come back."""
    for depth in (10, 300, 900, 5000):
        deep = '{"a":' * depth + "1" + "}" * depth
        source = json.dumps({"source": {"base64": "eA=="}})[:-1]
        answers = [
            client.post(
                "/v1/flip", content=f'{source},"metadata":{deep}}}', headers={"Content-Type": "application/json"}
            ),
            bare.post(
                "/filestack/process",
                content=f'{{"apikey":"{keys["filestack"]}","sources":["{HERE}"],"upload_tags":{deep}}}',
                headers={"Content-Type": "application/json"},
            ),
        ]
        for answer in answers:
            assert 400 <= answer.status_code < 500, (depth, answer.text[:300])


@pytest.mark.parametrize(
    "value", ["-0", "-9223372036854775809", "1e3", "0x1", "+1", "1_0", "1,1", "1 1", "\u0661", "NaN", "1;a"]
)
def test_offsets_and_lengths_that_are_no_numbers(client: httpx.Client, value: str) -> None:
    """Of tus: 400, and the upload stands where it stood."""
    tus = Tus(client)
    place = tus.place(100)
    sent = {"Upload-Offset": value.encode(), "Content-Type": OFFSET_STREAM.encode()}
    problem(client.patch(place, headers={**VERSION, **sent}, content=b"x"), 400, "BAD_REQUEST")
    length = {**VERSION, "Upload-Length": value.encode()}
    problem(client.post("/v1/uploads/tus", headers=length), 400, "BAD_REQUEST")
    assert tus.offset(place) == 0


def test_offsets_where_no_byte_belongs(client: httpx.Client) -> None:
    """Beyond the length, over what is there, before it, twice in one request, and after the end: nothing is changed."""
    tus = Tus(client)
    place = tus.place(100)
    assert tus.append(place, 0, b"x" * 60).status_code == 204
    for offset, data in ((61, b"x"), (59, b"x"), (30, b"x" * 60), (0, b"x" * 100), (100, b"x"), (10**14, b"x")):
        problem(tus.append(place, offset, data), 409, "CONFLICT")
    problem(tus.append(place, 60, b"x" * 41), 413, "FILE_TOO_LARGE")
    twice = [*VERSION.items(), ("Upload-Offset", "60"), ("Upload-Offset", "0"), ("Content-Type", OFFSET_STREAM)]
    problem(client.patch(place, headers=twice, content=b"x"), 400, "BAD_REQUEST")
    draft = [("Upload-Offset", "60"), ("Upload-Offset", "0"), ("Upload-Complete", "?0"), ("Content-Type", PARTIAL)]
    assert client.patch(place.replace("/tus", ""), headers=draft, content=b"x").status_code == 400
    assert tus.offset(place) == 60
    assert tus.append(place, 60, b"y" * 40).status_code == 204
    assert tus.append(place, 100, b"z").status_code in (409, 413)
    assert tus.upload(place)["sizeBytes"] == 100


def test_lengths_that_no_disk_has(client: httpx.Client) -> None:
    """A length over the limit is refused before anything is kept for it."""
    tus = Tus(client)
    for length in (1 << 41, 10**15 - 1):
        problem(tus.begin(length), 413, "FILE_TOO_LARGE")
        problem(tus.begin(length, b"x" * 10), 413, "FILE_TOO_LARGE")


def test_names_and_forms_are_told_by_their_place(client: httpx.Client) -> None:
    """What is refused of a form is named by its pointer, which is a pointer whatever the name."""
    for name, pointer in (("a/b", "#/a~1b"), ("a~b", "#/a~0b")):
        answer = client.post("/v1/flip", files={"file": PICTURE, name: (None, "5")})
        assert pointers(problem(answer, 422, "INVALID_PARAMETER")) == {pointer}

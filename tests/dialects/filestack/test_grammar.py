"""The grammar of delivery URLs, with the URLs that the official clients were recorded to send."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from filemill import ErrorCode
from filemill_server.dialects.filestack.grammar import key_candidate, parse
from filemill_server.dialects.filestack.request import (
    Alias,
    DeliveryRequest,
    ExternalUrl,
    Handle,
    Security,
    SourceList,
    Task,
    Value,
)
from filestack_urls import (
    HANDLE,
    KEY,
    Spelling,
    base64_tasks,
    base64url,
    read,
    refused,
    written_source,
)

PICTURE = "https://example.com/a/b.png?x=1"


@pytest.mark.parametrize(
    ("path", "tasks"),
    [
        (f"/{HANDLE}", ()),
        (f"/{KEY}/{HANDLE}", ()),
        (f"/flip/{HANDLE}", (Task("flip"),)),
        (
            f"/resize=align:%5Btop,left%5D,fit:crop,height:50,width:100/round_corners=background:red,radius:10/{HANDLE}",
            (
                Task("resize", {"width": "100", "height": "50", "fit": "crop", "align": ("top", "left")}),
                Task("round_corners", {"radius": "10", "background": "red"}),
            ),
        ),
        (
            f"/{KEY}/resize=width:100,height:50,fit:crop,align:[top,left]/output=format:webp,quality:80/compress/{HANDLE}",
            (
                Task("resize", {"width": "100", "height": "50", "fit": "crop", "align": ("top", "left")}),
                Task("output", {"format": "webp", "quality": "80"}),
                Task("compress"),
            ),
        ),
    ],
)
def test_tasks_run_left_to_right(path: str, tasks: tuple[Task, ...]) -> None:
    """FS-40, FS-42: `[KEY/][TASKS/]SOURCE`, as Python and JS write it."""
    found = read(path)
    assert found.source == Handle(HANDLE)
    assert found.tasks == tasks
    assert found.key == (KEY if KEY in path else None)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (HANDLE, Handle(HANDLE)),
        (f"{HANDLE}+png", Handle(HANDLE, "png")),
        (f"{HANDLE}%2Bpng", Handle(HANDLE, "png")),
        ("https://example.com/a.png", ExternalUrl("https://example.com/a.png")),
        ("src://photos/2026/a b.png".replace(" ", "%20"), Alias("photos", "2026/a b.png")),
        ("%22src://photos/2026/a.png%22", Alias("photos", "2026/a.png")),
        (f"[{HANDLE},https://e.com/x.png]", SourceList((Handle(HANDLE), ExternalUrl("https://e.com/x.png")))),
        (f"%5B{HANDLE},https://e.com/x.png%5D", SourceList((Handle(HANDLE), ExternalUrl("https://e.com/x.png")))),
        (quote(f"[{HANDLE},https://e.com/x.png]", safe=""), SourceList((Handle(HANDLE), ExternalUrl("https://e.com/x.png")))),
        (f"b64://{base64url(HANDLE)}", Handle(HANDLE)),
        (f"b64://{base64url(f'[{HANDLE},https://e.com/x.png]')}", SourceList((Handle(HANDLE), ExternalUrl("https://e.com/x.png")))),
    ],
)  # fmt: skip
def test_sources(path: str, source: object) -> None:
    """FS-41, FS-47, FS-48: handle, URL, alias, list, base64."""
    assert read(f"/{KEY}/flip/{path}") == DeliveryRequest(source, (Task("flip"),), KEY)  # type: ignore[arg-type]


def test_a_source_that_is_no_handle_needs_a_key() -> None:
    """FS-41: 401, as for a key that there is not; a list counts by its members."""
    for source in ("https://e.com/a.png", "src://photos/a.png", f"[{HANDLE},https://e.com/a.png]"):
        assert refused(f"/flip/{source}").code is ErrorCode.UNAUTHORIZED
    assert read(f"/zip/[{HANDLE},{HANDLE}]").source == SourceList((Handle(HANDLE), Handle(HANDLE)))


def test_only_a_known_key_is_a_key() -> None:
    """FS-42: any other first segment is a task or the source; one of the form of FS-09 is an unknown key."""
    asked: list[str] = []

    def is_key(key: str) -> bool:
        asked.append(key)
        return False

    parse(f"/flip/{HANDLE}".encode(), b"", is_key)
    assert asked == ["flip"] == [key_candidate(f"/flip/{HANDLE}".encode())]
    assert key_candidate(f"/{HANDLE}".encode()) is None
    assert read(f"/{KEY}").source == Handle(KEY)
    assert key_candidate(b"/resize=width:5/x") is None
    assert refused(f"/A{'b' * 20}z/{HANDLE}").code is ErrorCode.UNAUTHORIZED


@pytest.mark.parametrize("spelling", Spelling)
def test_four_spellings_of_a_url(spelling: Spelling) -> None:
    """FS-43: raw, quoted, one segment and base64 name the same source."""
    path, query = written_source(PICTURE, spelling)
    found = read(f"/{KEY}/resize=width:7/{path}", query)
    assert found == DeliveryRequest(ExternalUrl(PICTURE), (Task("resize", {"width": "7"}),), KEY)


def test_java_packs_a_chain_into_one_segment() -> None:
    """FS-46: `%2F` separates tasks in the part before the source."""
    chain, source = quote("resize=width:7,align:[top,left]/flip", safe=""), quote(PICTURE, safe="")
    found = read(f"/{KEY}/{chain}/{source}", "policy=P&signature=S")
    assert found.tasks == (Task("resize", {"width": "7", "align": ("top", "left")}), Task("flip"))
    assert found.source == ExternalUrl(PICTURE)
    assert found.security == Security("P", "S")


def test_the_query_belongs_to_a_raw_and_to_a_quoted_url() -> None:
    """FS-44: the closing quote stands at the end of the query; behind it the request's own query may begin."""
    assert read(f"/{KEY}/https://e.com/a", "policy=P&signature=S").source == ExternalUrl(
        "https://e.com/a?policy=P&signature=S"
    )
    assert read(f'/{KEY}/"https://e.com/a', 'x=1"').source == ExternalUrl("https://e.com/a?x=1")
    for path, query, url in (
        ("%22https://e.com/a", "x=1%22&policy=P&signature=S", "https://e.com/a?x=1"),
        ("%22https://e.com/a%22", "policy=P&signature=S", "https://e.com/a"),
    ):
        found = read(f"/{KEY}/{path}", query)
        assert found.source == ExternalUrl(url)
        assert found.security == Security("P", "S")
    listed = read(f"/{KEY}/zip/[https://e.com/a", f"x=1,{HANDLE}]")
    assert listed.source == SourceList((ExternalUrl("https://e.com/a?x=1"), Handle(HANDLE)))
    of_js = read(f"/{KEY}/zip/[%22https://e.com/a", f"x=1,2%22,{HANDLE}]")
    assert of_js.source == SourceList((ExternalUrl("https://e.com/a?x=1,2"), Handle(HANDLE)))
    assert read(f"/{HANDLE}", "dl=true&cache=false").query == (("dl", "true"), ("cache", "false"))


def test_a_merged_slash_is_repaired() -> None:
    """FS-45: `https:/host` is read as `https://host`, quoted or not, and `src:/alias`, `b64:/` like it."""
    for path in ("https:/e.com/a.png", "%22https:/e.com/a.png%22", f"b64:/{base64url('https:/e.com/a.png')}"):
        assert read(f"/{KEY}/{path}").source == ExternalUrl("https://e.com/a.png")
    assert read(f"/{KEY}/src:/photos/a.png").source == Alias("photos", "a.png")


def test_a_url_is_verbatim_or_decoded_once() -> None:
    """FS-46: escapes in a raw and a quoted URL stay, those of a one-segment URL are decoded once."""
    awkward = "https://e.com/a%2Fb%20c%2525%00.png"
    assert read(f"/{KEY}/{awkward}").source == ExternalUrl(awkward)
    assert read(f"/{KEY}/%22{awkward}%22").source == ExternalUrl(awkward)
    assert read(f"/{KEY}/{quote('https://e.com/a%2Fb.png?y=%25', safe='')}").source == ExternalUrl(
        "https://e.com/a%2Fb.png?y=%25"
    )
    assert read(f"/store=filename:50%2525/{HANDLE}").tasks == (Task("store", {"filename": "50%25"}),)


def test_quotes_and_brackets_hold_their_separators() -> None:
    """FS-46, FS-47: as Python and JS write `store`; a value may hold colons, and brackets may be nested."""
    chain = "store=path:%22/a/b.png%22,filename:%22q,%20z.png%22,workflows:%5Bw1,w2%5D"
    options: dict[str, Value] = {"path": "/a/b.png", "filename": "q, z.png", "workflows": ("w1", "w2")}
    assert read(f"/{KEY}/{chain}/{HANDLE}").tasks == (Task("store", options),)
    nested = read(f"/partial_blur=objects:[[1,2,3,4],[5,6,7,8]],amount:2/{HANDLE}").tasks[0]
    assert nested.options["objects"] == (("1", "2", "3", "4"), ("5", "6", "7", "8"))
    assert read(f"/video_convert=clip_length:00:00:10/{HANDLE}").tasks[0].options == {"clip_length": "00:00:10"}
    assert read(f"/pdfconvert=pages:[1-3,5]/{HANDLE}").tasks[0].options == {"pages": ("1-3", "5")}


def test_base64_urls_of_js() -> None:
    """FS-48: the recorded URL, and the members `Name` and `Params` of Go (FS-08)."""
    recorded = "b64/W3sibmFtZSI6InJlc2l6ZSIsInBhcmFtcyI6eyJ3aWR0aCI6N319XQ==/b64://aHR0cHM6Ly9leGFtcGxlLmNvbS9hL2IucG5nP3g9MQ=="
    expected = DeliveryRequest(ExternalUrl(PICTURE), (Task("resize", {"width": "7"}),), KEY)
    assert read(f"/{KEY}/{recorded}") == expected
    assert read(f"/{KEY}/{recorded.replace('=', '%3D')}") == expected
    go = base64_tasks([{"Name": "resize", "Params": {"width": 7, "align": ["top", "left"]}}, {"NAME": "flip"}])
    assert read(f"/{go}/{HANDLE}").tasks == (Task("resize", {"width": "7", "align": ("top", "left")}), Task("flip"))
    kinds = base64_tasks(
        [{"name": "a", "params": {"b": True, "c": 1.5, "d": 2.0, "e": None}}, {"name": "cache", "params": False}]
    )
    assert read(f"/{kinds}/{HANDLE}").tasks == (
        Task("a", {"b": "true", "c": "1.5", "d": "2"}),
        Task("cache", {}, False),
    )


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (f"/security=policy:P%3D,signature:S/flip/{HANDLE}", ""),
        (f"/flip/security=s:S,p:P=/{HANDLE}", ""),
        (f"/flip/{HANDLE}", "policy=P%3D&signature=S"),
        (f"/flip/{HANDLE}", "&signature=S&policy=P=&"),
    ],
)
def test_security_is_a_credential_and_no_step(path: str, query: str) -> None:
    """FS-49: first or last in the chain, by its short names, or in the query."""
    assert read(path, query) == DeliveryRequest(Handle(HANDLE), (Task("flip"),), None, Security("P=", "S"))


def test_a_policy_of_the_standard_alphabet_may_hold_a_slash_and_a_plus() -> None:
    """FS-121: JS writes it bare into the path; in a query a `+` is a plus."""
    policy = base64.b64encode(b'{"expiry":1,"url":"a?\xc2\xbe~~>>??????>"}').decode()
    assert "/" in policy
    for options in (f"policy:{policy},signature:S", f"signature:S,policy:{policy}"):
        found = read(f"/{KEY}/security={options}/flip/{HANDLE}")
        assert found.security == Security(policy, "S")
        assert found.tasks == (Task("flip"),)
    assert read(f"/{HANDLE}", "policy=a+b%2Bc&signature=S").security == Security("a+b+c", "S")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"/security=policy:P/{HANDLE}", "both 'policy' and 'signature'"),
        (f"/security=policy:P,p:Q,signature:S/{HANDLE}", "one 'policy'"),
        (f"/security=policy:[P],signature:S/{HANDLE}", "one 'policy'"),
        (f"/security=policy:P,signature:S/flip/security=policy:P,signature:S/{HANDLE}", "more than once"),
        (f"/security/{HANDLE}", "both 'policy' and 'signature'"),
    ],
)
def test_half_a_credential_is_refused(path: str, said: str) -> None:
    """FS-49: 400, not a request without security."""
    assert said in refused(path).detail
    assert refused(f"/{HANDLE}", b"policy=P").code is ErrorCode.BAD_REQUEST
    assert "more than once" in refused(f"/{HANDLE}", b"policy=P&policy=Q").detail


def test_switches_debug_and_metadata() -> None:
    """FS-51, FS-54, FS-23: `cache=false`, `debug` first, `/metadata` behind a handle and as a task."""
    assert read(f"/cache=false/{HANDLE}").tasks == (Task("cache", {}, False),)
    assert read(f"/debug/flip/{HANDLE}").tasks[0] == Task("debug")
    for query in ("size=true", "&size=true"):
        found = read(f"/{HANDLE}/metadata", query)
        assert (found.metadata, found.source, found.query) == (True, Handle(HANDLE), (("size", "true"),))
    assert read(f"/{HANDLE}/metadata").query == ()
    assert read(f"/metadata/{HANDLE}").tasks == (Task("metadata"),)
    assert read(f"/fallback=file:{HANDLE},cache:60/{HANDLE}").tasks[0].options == {"file": HANDLE, "cache": "60"}

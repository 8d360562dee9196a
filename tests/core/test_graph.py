"""The graph of conversions: the cheapest path over what is installed, and what is missing for the others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill import Context, Conversion, Encoding, File, Format, Missing, Picture
from filemill.formats import TEXT, FormatTable
from filemill.graph import MOST_EDGES, ConversionGraph, nearest

MISSING = Missing("The program Office is not installed on the server.", "Install it: apt-get install office.")


def copied(file: File, target: str, context: Context) -> File:
    """Stand for any conversion: the graph only plans."""
    return file


def edge(source: str, target: str, cost: float = 1, **given: object) -> Conversion:
    """Declare one edge."""
    fields: dict[str, object] = {"lossy": False, "engine": f"{source}-{target}", **given}
    return Conversion(sources=(source,), targets=(target,), run=copied, cost=cost, **fields)  # type: ignore[arg-type]


def plain(name: str) -> Format:
    """Make a format that nothing but conversions takes."""
    return Format(
        name=name,
        title=name.upper(),
        media_types=(f"application/{name}",),
        extensions=(name,),
        kind=File,
        sniff=lambda head: False,
        open=lambda file, context: file,
    )


def picture(name: str, *, lossy: bool = False, read: bool = True, write: bool = True) -> Format:
    """Make a format of pictures."""

    def load(file: File, context: Context) -> Picture:
        raise NotImplementedError

    def save(value: Picture, path: object, encoding: Encoding, context: Context) -> None:
        raise NotImplementedError

    return Format(
        name=name,
        title=name.upper(),
        media_types=(f"image/{name}",),
        extensions=(name,),
        kind=Picture,
        sniff=lambda head: False,
        open=load if read else None,
        save=save if write else None,
        lossy=lossy,
    )


def graph(*conversions: Conversion, formats: str = "doc pdf odt zip") -> ConversionGraph:
    """Make a graph over a few formats."""
    pictures = [picture("png"), picture("jpg", lossy=True), picture("raw", write=False)]
    return ConversionGraph(FormatTable([TEXT, *map(plain, formats.split()), *pictures]), conversions)


def way(found: ConversionGraph, source: str, target: str) -> list[str] | None:
    """Return the formats on the way."""
    path = found.path([source], target)
    return None if path is None else path.formats


def test_nobody_has_to_write_a_path() -> None:
    """Two edges make a path, which goes on by the pictures among each other: doc → pdf → png → jpg."""
    found = graph(edge("doc", "pdf", 10, engine="office"), edge("pdf", "png", 1, engine="pdfium"))
    path = found.path(["doc"], "jpg")
    assert path is not None
    assert path.formats == ["doc", "pdf", "png", "jpg"]
    assert [one.engine for one in path.edges] == ["office", "pdfium", "libvips"]
    assert path.engine == "office", "it does the dearest part"
    assert path.lossy


def test_the_cheapest_path_is_taken() -> None:
    """Two cheap edges go before a dear one, and the other way round."""
    around = (edge("doc", "odt", 2), edge("odt", "pdf", 2))
    assert way(graph(edge("doc", "pdf", 10), *around), "doc", "pdf") == ["doc", "odt", "pdf"]
    assert way(graph(edge("doc", "pdf", 3), *around), "doc", "pdf") == ["doc", "pdf"]


def test_a_loss_costs() -> None:
    """A path that loses nothing goes before one that is a little cheaper."""
    around = (edge("doc", "odt", 2), edge("odt", "pdf", 2))
    assert way(graph(edge("doc", "pdf", 3, lossy=True), *around), "doc", "pdf") == ["doc", "odt", "pdf"]


def test_a_final_result_goes_no_further() -> None:
    """The text of a scan is no document to begin with; another path around it is found."""
    text = edge("pdf", "text", 1, final=True)
    assert way(graph(text, edge("text", "odt")), "pdf", "text") == ["pdf", "text"]
    assert way(graph(text, edge("text", "odt")), "pdf", "odt") is None
    by_zip = (edge("pdf", "zip", 5), edge("zip", "text", 5), edge("text", "odt"))
    assert way(graph(text, *by_zip), "pdf", "odt") == ["pdf", "zip", "text", "odt"]


def test_an_edge_may_only_begin_a_path() -> None:
    """What is for a file of its own format is not for what was made into one on the way."""
    found = graph(edge("doc", "pdf"), edge("pdf", "zip", first=True))
    assert way(found, "pdf", "zip") == ["pdf", "zip"]
    assert way(found, "doc", "zip") is None


def test_what_is_missing_is_gone_around_or_named() -> None:
    """An edge without its program is not gone; where there is no other way, the path says what is missing."""
    direct = edge("doc", "pdf", 1, missing=lambda: MISSING)
    assert way(graph(direct, edge("doc", "odt", 9), edge("odt", "pdf", 9)), "doc", "pdf") == ["doc", "odt", "pdf"]
    found = graph(direct, edge("pdf", "png"))
    path = found.path(["doc"], "jpg")
    assert path is not None
    assert path.missing == [MISSING]
    assert found.paths_from("doc")["jpg"].missing == [MISSING]
    assert "jpg" in found.targets
    assert not found.makes("zip")
    assert found.path(["zip"], "pdf") is None


def test_the_same_format_is_made_smaller_or_kept() -> None:
    """A pair of equal names is an edge where a conversion says so; else the file stays."""
    squeeze = Conversion(
        sources=("pdf", "zip"), targets=("pdf",), run=copied, cost=1, lossy=True, engine="squeeze", compresses=True
    )
    found = graph(squeeze)
    assert way(found, "pdf", "pdf") == ["pdf", "pdf"]
    assert way(found, "doc", "doc") == ["doc"]
    assert found.paths_from("doc")["doc"].edges == ()
    assert "raw" not in found.paths_from("raw"), "it is not written"


def test_what_is_not_installed_has_no_edge() -> None:
    """A conversion from or to a format of a plugin that is not there is left out."""
    found = graph(edge("doc", "epub"), edge("epub", "pdf"))
    assert found.paths_from("doc").keys() == {"doc"}


def test_a_long_way_is_no_conversion() -> None:
    """After so many edges it is not the same thing any more."""
    names = [f"f{number}" for number in range(MOST_EDGES + 2)]
    chain = [edge(first, second) for first, second in pairwise(names)]
    found = graph(*chain, formats=" ".join(names))
    assert way(found, names[0], names[MOST_EDGES]) == names[: MOST_EDGES + 1]
    assert way(found, names[0], names[MOST_EDGES + 1]) is None


def test_a_picture_made_from_nothing_begins_where_it_can_be_kept() -> None:
    """A changed picture of a lossy format is handed on without loss."""
    formats = FormatTable([picture("jpg", lossy=True), picture("png")])
    assert nearest(formats["jpg"], formats) == ["jpg", "png"]
    found = ConversionGraph(
        FormatTable([picture("jpg", lossy=True), picture("png"), plain("pdf")]), [edge("png", "pdf")]
    )
    path = found.path(["jpg", "png"], "pdf")
    assert path is not None
    assert path.formats == ["png", "pdf"]


NAMES = [f"f{number}" for number in range(6)]
EDGES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 20), st.booleans(), st.booleans()),
    max_size=14,
)


@given(EDGES)
def test_no_path_is_cheaper_than_the_one_that_is_taken(edges: list[tuple[str, str, int, bool, bool]]) -> None:
    """Over any graph, what is found is a path, and every other one costs as much or more."""
    declared = [edge(one, two, cost, lossy=lossy, final=final) for one, two, cost, lossy, final in edges]
    found = ConversionGraph(FormatTable(list(map(plain, NAMES))), declared)
    weights = [cost + 5 * lossy for _, _, cost, lossy, _ in edges]

    def costs(at: str, target: str, left: int, final: bool) -> Iterator[float]:
        if at == target:
            yield 0
        elif left and not final:
            for (one, two, _, _, ends), weight in zip(edges, weights, strict=True):
                if one == at and two != at:
                    yield from (weight + rest for rest in costs(two, target, left - 1, ends))

    for target, path in found.paths_from("f0").items():
        assert path.formats[0] == "f0"
        assert path.formats[-1] == target
        assert all(one.target == two.source for one, two in pairwise(path.edges))
        weight = sum(one.weight for one in path.edges)
        assert weight <= min(costs("f0", target, 2, final=False), default=weight)


def test_a_conversion_says_what_it_takes() -> None:
    """A function without annotations can't be placed in a path."""

    def silent(value, target, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return value

    conversion = Conversion(sources=("a",), targets=("b",), run=silent, cost=1, lossy=False, engine="none")
    with pytest.raises(TypeError, match="not annotated"):
        _ = conversion.shape
    assert Conversion(sources=(), targets=(), run=copied, cost=1, lossy=False, engine="x").shape.returns is File

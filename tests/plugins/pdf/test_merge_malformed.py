"""Documents whose structures are not what the standard says: merged, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Object

from filemill import ErrorCode, FilemillError
from filemill.testing.runner import Runner
from structured_pdfs import structured

pytestmark = pytest.mark.filterwarnings("ignore::pikepdf.exceptions.PageCopyWarning")  # fields of no form
STRUCTURES = (
    "/Outlines", "/Names", "/PageLabels", "/AcroForm", "/OCProperties", "/StructTreeRoot", "/Threads", "/Dests",
    "/Lang", "/MarkInfo", "/Metadata",
)  # fmt: skip
WRONG = {
    "number": b"7", "array": b"[1 (x)]", "empty": b"<< >>",
    "kids": b"<< /Kids [3] /Fields [3] /First 3 /OCGs 3 /K [3] /Nums [3] /D 3 /Names [3] >>",
}  # fmt: skip


def outcome(paths: list[Path], run: Runner, bad: str) -> None:
    """Merge: what comes out opens, or the refusal names the bad document."""
    try:
        made = run(paths, {"op": "merge-pdf"})
    except FilemillError as error:
        assert error.code is ErrorCode.INVALID_FILE
        assert bad in error.detail
        return
    with pikepdf.open(made.outputs[0].path) as pdf:
        assert len(pdf.pages) == 3 * len(paths)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("key", STRUCTURES)
def test_a_structure_of_another_type(key: str, kind: str, place: int, tmp_path: Path, filemill_run: Runner) -> None:
    """Each structure replaced as a whole, in the first document and in the second."""
    paths = [structured(tmp_path / f"{mark}.pdf", mark) for mark in "AB"]
    with pikepdf.open(paths[place], allow_overwriting_input=True) as pdf:
        pdf.Root[key] = Object.parse(WRONG[kind])
        pdf.save(paths[place], fix_metadata_version=False)
    outcome(paths, filemill_run, paths[place].name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_entry_of_another_type(data: st.DataObject, tmp_path: Path, filemill_run: Runner) -> None:
    """One entry of one dictionary anywhere is another type, is missing, or leads to the catalogue or a page."""
    paths = [structured(tmp_path / f"{mark}.pdf", mark) for mark in "AB"]
    place = data.draw(st.integers(0, 1))
    with pikepdf.open(paths[place], allow_overwriting_input=True) as pdf:
        holders = [one for one in pdf.objects if isinstance(one, Dictionary) and one.get("/Type") != Name.Pages]
        holder = data.draw(st.sampled_from(holders))
        key = data.draw(st.sampled_from(sorted(holder.keys())))
        wrong = {"root": pdf.Root, "page": pdf.pages[0].obj, **{k: Object.parse(raw) for k, raw in WRONG.items()}}
        value = data.draw(st.sampled_from([*wrong, "missing"]))
        if key == "/Pages" or (key, value) == ("/Type", "name"):
            return
        if value == "missing":
            del holder[key]
        else:
            holder[key] = wrong[value]
        pdf.save(paths[place], fix_metadata_version=False)
    outcome(paths, filemill_run, paths[place].name)


@pytest.mark.parametrize("ring", ["outline", "fields", "tags", "names", "actions"])
def test_rings(ring: str, tmp_path: Path, filemill_run: Runner) -> None:
    """Trees that lead back into themselves end."""
    paths = [structured(tmp_path / f"{mark}.pdf", mark) for mark in "AB"]
    with pikepdf.open(paths[1], allow_overwriting_input=True) as pdf:
        root = pdf.Root
        if ring == "outline":
            root.Outlines.First["/Next"] = root.Outlines.First
            root.Outlines.First["/First"] = root.Outlines.First
        elif ring == "fields":
            both: Object = root.AcroForm.Fields[1]
            both.Kids.append(both)
        elif ring == "tags":
            root.StructTreeRoot.K[0].K.append(root.StructTreeRoot.K[0])
        elif ring == "actions":
            chain = [pdf.make_indirect(Dictionary(S=Name.GoTo, D=Name.X)) for _ in range(30)]
            for action in chain:
                action.Next = Array(chain)
            pdf.pages[0].obj.Annots[0].A = chain[0]
        else:
            root.Names.Dests = pdf.make_indirect(Dictionary(Kids=Array()))
            root.Names.Dests.Kids.append(root.Names.Dests)
        pdf.save(paths[1])
    outcome(paths, filemill_run, "B.pdf")

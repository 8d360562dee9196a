"""Fuzzes a target: python tests/fuzz/run.py TARGET --seconds 600 [--seed N]; or all of them in turn: --all."""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this folder: its modules are those of the package `fuzz`

from fuzz.decoders import Decoders, read_formats  # noqa: E402
from fuzz.engine import Report  # noqa: E402
from fuzz.running import names, run  # noqa: E402
from fuzz.targets import TARGETS  # noqa: E402
from fuzz.watchdog import read_left  # noqa: E402


def main() -> int:
    """Fuzz; the exit code is 1 where something was found."""
    asked = _asked()
    warnings.simplefilter("error")  # as in the suite
    if asked.input is not None:
        return _repeat(asked.target, asked.input)
    findings = Path(asked.findings)
    wrong = 0
    for name in names() if asked.all else [asked.target]:
        print(f"{name}: seed {asked.seed}, for {asked.seconds:g} s; findings go to {findings}", flush=True)
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            for report in run(name, asked.seconds, asked.seed, Path(folder), findings):
                wrong += _tell(report)
    return 1 if wrong else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", help=f"one of {', '.join(names())}, or decoder:FORMAT")
    parser.add_argument("--all", action="store_true", help="every target, one after the other")
    parser.add_argument("--seconds", type=float, default=60, help="for each target (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the changes (default: 1)")
    parser.add_argument(
        "--findings", default=str(Path(tempfile.gettempdir()) / "fuzz-findings"), help="folder for inputs that fail"
    )
    parser.add_argument("--input", type=Path, help="try this one input, or what NAME.present holds after a crash")
    asked = parser.parse_args()
    if asked.all == (asked.target is not None):
        parser.error("name one target, or say --all")
    if not asked.all and asked.target not in TARGETS and not read_formats(asked.target):
        parser.error(f"{asked.target!r} is no target; known: {', '.join(names())}, decoder:FORMAT")
    return asked


def _tell(report: Report) -> int:
    print(report, flush=True)
    for took, path in report.slow:
        print(f"  {took:.2f} s of CPU: {path}")
    for finding in report.findings:
        print(f"  {finding.path}\n{finding.what}", flush=True)
    return len(report.findings)


def _repeat(name: str, path: Path) -> int:
    data = read_left(path) if path.suffix == ".present" else path.read_bytes()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        if name in TARGETS:
            print("accepted" if TARGETS[name](Path(folder)).check(data) else "refused")
            return 0
        with Decoders(Path(folder), Path(folder) / "findings") as decoders:
            for form in read_formats(name):
                accepted = decoders.target(form).check(data)
                print(form.name, "accepted" if accepted else "refused", dict(decoders.ended))
    return 0


if __name__ == "__main__":
    sys.exit(main())

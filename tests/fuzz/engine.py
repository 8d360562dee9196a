"""Feeds a target with changed inputs until its time is over, and keeps what it finds."""

from __future__ import annotations

import hashlib
import random
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.guidance import Guide
from fuzz.mutation import Mutator
from fuzz.watchdog import Stuck, Watchdog

SLOW_SECONDS = 0.2
"""CPU time of an input that is worth a look."""
CORPUS = Path(__file__).parent / "corpus"
_MOST_SLOW = 5
_MOST_SHRINKING = 400
_RECENT = 30
_WATCHERS = ("guidance.py", "watchdog.py")
_WATCHED = 0.2
"""Share of the inputs whose lines are watched: that takes five times as long as the input alone."""

Mutate = Callable[[random.Random, bytes, bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is fuzzed.

    Fields:
        name: of the target, and of its folder in the corpus.
        check: takes an input and says whether it was accepted; raises where something is not as it has to be.
        seeds: inputs to begin with. Each is one that `check` accepts.
        tokens: what inputs are made of.
        longest: bytes of an input.
        traced: packages whose lines guide the search; none: it is not guided.
        mutate: changes an input in a way of its own, where bytes would do too little.
    """

    name: str
    check: Callable[[bytes], bool]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes] = ()
    longest: int = 4096
    traced: Sequence[str] = ()
    mutate: Mutate | None = None


@dataclass(frozen=True)
class Finding:
    """An input that the target must not meet so: where it is kept, and what happened."""

    path: Path
    what: str


@dataclass
class Report:
    """What came of a run."""

    target: str
    seed: int
    executions: int = 0
    accepted: int = 0
    kept: int = 0
    pairs: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    slow: list[tuple[float, Path]] = field(default_factory=list)

    def __str__(self) -> str:
        speed = self.executions / max(self.seconds, 0.001)
        return (
            f"{self.target}: seed {self.seed}, {self.seconds:.0f} s, {self.executions} executions ({speed:.0f}/s),"
            f" {self.accepted} accepted, {self.kept} inputs kept, {self.pairs} pairs of lines,"
            f" {len(self.findings)} findings, {len(self.slow)} slow"
        )


class Campaign:
    """A run over one target that can be done in parts.

    Args:
        target: what is fuzzed.
        seed: of the changes; the same ones follow from the same seed.
        folder: where findings are kept.
    """

    def __init__(self, target: Target, seed: int, folder: Path) -> None:
        self.report = Report(target.name, seed)
        self._target = target
        self._folder = folder
        self._chance = random.Random(f"{target.name} {seed}")
        self._mutate = target.mutate or self._changed
        self._mutator = Mutator(self._chance, target.tokens, target.longest)
        self._guide = Guide(target.traced) if target.traced else None
        self._inputs: list[bytes] = []
        self._seen: set[str] = set()

    def plant(self) -> None:
        """Begin with the seeds, which have to be accepted, and with what was found in earlier times.

        Those of a target that is not guided are not tried: they tell nothing new, and may take seconds.
        """
        if self._guide is None:
            for seed in (*self._target.seeds, *(path.read_bytes() for path in found_before(self._target.name))):
                self._keep(seed)
            return
        with self._watchdog() as watchdog:
            for seed in self._target.seeds:
                before = self.report.accepted, len(self.report.findings)
                self._try(watchdog, seed, guided=True)
                assert (self.report.accepted, len(self.report.findings)) != before, (
                    f"{self._target.name} does not accept its seed {seed[:80]!r}"
                )
                self._keep(seed)
            for path in found_before(self._target.name):
                self._try(watchdog, path.read_bytes(), guided=True)
                self._keep(path.read_bytes())

    def go_on(self, seconds: float) -> None:
        """Try changed inputs for so long, at least one."""
        with self._watchdog() as watchdog:
            started = time.monotonic()
            while True:
                data = self._mutate(self._chance, self._chosen(), self._chance.choice(self._inputs))
                if self._try(watchdog, data, guided=self._chance.random() < _WATCHED):
                    self._keep(data)
                if time.monotonic() - started > seconds:
                    break
        self.report.seconds += time.monotonic() - started

    def _watchdog(self) -> Watchdog:
        self._folder.mkdir(parents=True, exist_ok=True)
        return Watchdog(self._folder / f"{self._target.name}.present", self._longest)

    @property
    def _longest(self) -> int:
        return max(self._target.longest, *map(len, self._target.seeds)) * 2 + (1 << 20)

    def _changed(self, chance: random.Random, data: bytes, other: bytes) -> bytes:
        return self._mutator.changed(data, other)

    def _chosen(self) -> bytes:
        """Choose an input to change: one that was new lately as often as any other."""
        return self._chance.choice(self._inputs[-_RECENT:] if self._chance.random() < 0.5 else self._inputs)

    def _keep(self, data: bytes) -> None:
        self._inputs.append(data)
        self.report.kept = len(self._inputs)

    def _try(self, watchdog: Watchdog, data: bytes, *, guided: bool) -> bool:
        """Do one input; return whether it led to something new."""
        report = self.report
        report.executions += 1
        started = time.process_time()
        failure = self._failure(watchdog, data, guided=guided)
        took = time.process_time() - started
        if failure is not None:
            self._find(watchdog, data, failure)
        elif took > SLOW_SECONDS:
            self._time(watchdog, data)
        if self._guide is None or not guided:
            return False
        report.pairs = self._guide.pairs
        return self._guide.found and failure is None

    def _failure(self, watchdog: Watchdog, data: bytes, *, guided: bool) -> BaseException | None:
        watchdog.begin(data)
        try:
            with self._guide if guided and self._guide is not None else nullcontext():
                accepted = self._target.check(data)
            self.report.accepted += accepted
        except (Exception, Stuck) as error:  # noqa: BLE001 - what is found is what was not foreseen
            return error
        finally:
            watchdog.end()
        return None

    def _find(self, watchdog: Watchdog, data: bytes, error: BaseException) -> None:
        """Keep what failed, as short as it can be made, once for each place."""
        place = _place(error)
        if place in self._seen:
            return
        self._seen.add(place)
        if not isinstance(error, Stuck) and self._guide is not None:
            data = self._shrunk(watchdog, data, place)
        told = "".join(traceback.format_exception(error))
        self.report.findings.append(Finding(self._save("finding", data), f"{place}\n{told}"))

    def _shrunk(self, watchdog: Watchdog, data: bytes, place: str) -> bytes:
        """Leave out what the failure does not need."""
        tries, size = 0, max(len(data) // 2, 1)
        while size and tries < _MOST_SHRINKING:
            at = 0
            while at < len(data) and tries < _MOST_SHRINKING:
                tries += 1
                shorter = data[:at] + data[at + size :]
                error = self._failure(watchdog, shorter, guided=False)
                if error is not None and _place(error) == place:
                    data = shorter
                else:
                    at += size
            size //= 2
        return data

    def _time(self, watchdog: Watchdog, data: bytes) -> None:
        """Measure again what seemed slow: to be watched line by line takes time as well."""
        started = time.process_time()
        self._failure(watchdog, data, guided=False)
        took = time.process_time() - started
        slow = self.report.slow
        if took > SLOW_SECONDS and (len(slow) < _MOST_SLOW or took > slow[-1][0]):
            slow.append((took, self._save("slow", data)))
            slow.sort(reverse=True)
            del slow[_MOST_SLOW:]

    def _save(self, kind: str, data: bytes) -> Path:
        path = self._folder / f"{self._target.name}-{kind}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        return path


def found_before(name: str) -> list[Path]:
    """Return the inputs of the corpus of a target."""
    return sorted((CORPUS / name.replace(":", "-")).glob("*"))


def _place(error: BaseException) -> str:
    """Name a failure by its type and the line that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "filemill" in frame.filename or "/fuzz/" in frame.filename]
    last = next(frame for frame in reversed(own or frames) if Path(frame.filename).name not in _WATCHERS)
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"

"""Runs a target, or all decoders of a kind in turn, for some time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from filemill.formats import Format
from fuzz.decoders import Decoders, decoder_names, read_formats
from fuzz.engine import Campaign, Report
from fuzz.targets import TARGETS

_TURN_SECONDS = 0.5
"""What one decoder has before the one that had least goes on."""


def run(name: str, seconds: float, seed: int, folder: Path, findings: Path) -> Iterator[Report]:
    """Fuzz for so long.

    Args:
        name: of a target, `decoders:KIND`, or `decoder:FORMAT`.
        seconds: for all of it; each decoder of a kind has its share.
        seed: of the changes.
        folder: an empty one, for files.
        findings: where inputs are kept that something is wrong with.
    """
    if name in TARGETS:
        campaign = Campaign(TARGETS[name](folder), seed, findings)
        campaign.plant()
        campaign.go_on(seconds)
        yield campaign.report
        return
    with Decoders(folder, findings) as decoders:
        yield from _in_turn(decoders, read_formats(name), seconds, seed, findings)
        for what, times in sorted(decoders.ended.items()):
            print(f"{what}: {times} times", flush=True)


def names() -> list[str]:
    """Return the names of what is run for all to be fuzzed."""
    return [*TARGETS, *decoder_names()]


def _in_turn(
    decoders: Decoders, forms: Sequence[Format], seconds: float, seed: int, findings: Path
) -> Iterator[Report]:
    """Let the decoder go on that had least time so far, until the time is over."""
    campaigns: dict[str, Campaign] = {}
    spent = {form.name: 0.0 for form in forms}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        form = min(forms, key=lambda form: spent[form.name])
        if form.name not in campaigns:
            campaigns[form.name] = Campaign(decoders.target(form), seed, findings)
            campaigns[form.name].plant()
        started = time.monotonic()  # a file to begin with, and the first worker, are not the format's fault
        campaigns[form.name].go_on(_TURN_SECONDS)
        spent[form.name] += time.monotonic() - started
    for campaign in campaigns.values():
        yield campaign.report

"""Start-up of a worker process: qpdf loaded, and enough stack for it."""

from __future__ import annotations

import resource

import pikepdf

_STACK_BYTES = 100 << 20
"""qpdf follows references by recursion: about 600 bytes for each bookmark or link of a chain."""


def prepare() -> None:
    """Let the stack grow, as far as the operator allows, and take every number as it stands in a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    most = _STACK_BYTES if hard == resource.RLIM_INFINITY else min(_STACK_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (most, hard))
    pikepdf.settings.set_flate_compression_level(6)

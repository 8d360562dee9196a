"""Start-up of a worker process: qpdf loaded, and enough stack for it."""

from __future__ import annotations

import ctypes
import resource

from pikepdf import settings

from filemill import Limits

_STACK_BYTES = 100 << 20
"""qpdf follows references by recursion: about 600 bytes for each bookmark or link of a chain."""
_THREAD_STACK_BYTES = 8 << 20
_ATTRIBUTES_BYTES = 64
"""At least the size of a `pthread_attr_t`."""
_SHARE_OF_STREAM = 8
"""qpdf and pikepdf hold a stream that they decode up to three times; of 1 GiB, a page of A4 in colour at
600 dpi may unfold."""
_MOST_STREAM_BYTES = (1 << 32) - 1


def prepare(limits: Limits) -> None:
    """Let the stack grow, as far as the operator allows, and bound what a stream unfolds to."""
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    most = _STACK_BYTES if hard == resource.RLIM_INFINITY else min(_STACK_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (most, hard))
    _bound_thread_stacks()
    stream = min(limits.memory_bytes // _SHARE_OF_STREAM, _MOST_STREAM_BYTES)
    settings.set_qpdf_limits(flate_max_memory=stream, run_length_max_memory=stream)
    settings.set_flate_compression_level(6)


def _bound_thread_stacks() -> None:
    """Give new threads a small stack, whatever limit of the stack this process was started with.

    They would take the limit as their size, and all of it counts as memory of the task: libvips, which
    starts threads for a task, could have none.
    """
    threads = ctypes.CDLL(None)
    attributes = ctypes.create_string_buffer(_ATTRIBUTES_BYTES)
    threads.pthread_attr_init(attributes)
    threads.pthread_attr_setstacksize(attributes, ctypes.c_size_t(_THREAD_STACK_BYTES))
    threads.pthread_setattr_default_np(attributes)

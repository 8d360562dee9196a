"""Start-up of a worker process: libvips without loaders of doubtful quality, caches or threads."""

from __future__ import annotations

import pyvips



def prepare() -> None:
    """Block what libvips marks as untrusted, except its SVG loader, which is given cleaned bytes only.

    Loaders are always called by name (see `formats.opening.load`), so that nothing in a file's content
    picks one. The operation cache would only keep pixels of past tasks; workers are the parallelism.
    """
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    pyvips.cache_set_max(0)
    pyvips.cache_set_max_mem(0)
    pyvips.cache_set_max_files(0)
    pyvips.concurrency_set(1)

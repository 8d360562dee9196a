"""Start-up of a worker process: no loaders of doubtful quality, no caches, no threads."""

from __future__ import annotations

import os
from importlib import import_module

import pillow_heif
import pyvips
from PIL import AvifImagePlugin, Image


def prepare() -> None:
    """Block what libvips marks as untrusted, except its SVG loader, which is given cleaned bytes only.

    Loaders are always called by name (see `formats.opening.load`), so that nothing in a file's content
    picks one. The operation cache would only keep pixels of past tasks; workers are the parallelism.
    Pillow's own pixel limit is off because every header is held to the limits of the task.
    """
    for codec in ("simplejpeg", "kornia_rs"):
        import_module(codec)  # now, and not when the first picture waits for it
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    pyvips.cache_set_max(0)
    pyvips.cache_set_max_mem(0)
    pyvips.cache_set_max_files(0)
    pyvips.concurrency_set(1)
    Image.MAX_IMAGE_PIXELS = None
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pillow_heif.options.DECODE_THREADS = 1
    os.environ["OMP_THREAD_LIMIT"] = "1"  # LibRaw's threads, before it is loaded
    for extra in ("THUMBNAILS", "DEPTH_IMAGES", "AUX_IMAGES"):
        setattr(pillow_heif.options, extra, False)

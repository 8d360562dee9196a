"""All targets that are fuzzed in this process; the decoders have worker processes (see `decoders`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fuzz import (
    addresses,
    delivery_urls,
    fields,
    forms,
    headers,
    markup,
    page_ranges,
    presets,
    sniffing,
    source_urls,
    task_lists,
)
from fuzz.engine import Target

TARGETS: Mapping[str, Callable[[Path], Target]] = {
    "sniffing": sniffing.target,
    "filestack-urls": delivery_urls.target,
    "task-lists": task_lists.target,
    "page-ranges": page_ranges.target,
    "source-urls": source_urls.target,
    "addresses": addresses.target,
    "forms": forms.target,
    "headers": headers.target,
    "fields": fields.target,
    "presets": presets.target,
    "markup": markup.target,
}

"""Size targets: the best quality whose encode fits a number of bytes."""

from __future__ import annotations

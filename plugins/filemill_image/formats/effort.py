"""Effort: what `priority` means to each encoder, chosen by the curves of time against size.

Measured with libvips 8.18 on one core over eight photographs, mean bytes and CPU milliseconds:

- JPEG, 1080 wide, Q80: baseline 101.9 K in 9 ms; optimised tables 99.8 K in 17; progressive 97.6 K in 32;
  progressive and trellis 90.0 K in 95. The default is baseline: the rest buys 2 to 4 % for two to four times.
- WebP, 512 wide, Q80: effort 1 21.0 K in 16 ms, 2 18.6 K in 20, 3 and 4 18.0 K in 43, 6 17.1 K in 94. At equal
  SSIM effort 2 costs 12 % more bytes than 4, which is the default.
- AVIF, 512 wide, Q65: effort 0 21.3 K in 34 ms, 1 19.9 K in 119, 2 19.7 K in 201, 3 18.8 K in 326, 4 18.7 K in
  1652. At equal SSIM effort 0 costs 8 % more bytes than 1, the default; 3 saves another 13 %.
- PNG, 1080 wide: level 6 without a filter (the default of libvips) 1536 K in 98 ms; `sub` with level 1
  1575 K in 41, with 2 1107 K in 69, with 3 1079 K in 75, with 6 1051 K in 128; all filters with 6 991 K in 226.
- GIF, 1080 wide: effort 1 476 K in 0.53 s, 4 494 K in 1.1 s, 7 455 K in 2.7 s, 10 453 K in 3.6 s.
- JPEG XL, 1080 wide, Q75: effort 3 73.3 K in 73 ms, 4 75.5 K in 62, 5 70.8 K in 403, 7 72.4 K in 814; without
  loss 1 956 K in 10 ms, 3 737 K in 234, 4 732 K in 615, 7 715 K in 1488.
- JPEG 2000 has one effort: 1080 wide, 270 ms.
- TIFF, 1080 wide, horizontal prediction: LZW 1137 K in 46 ms, deflate 1040 K in 130 ms.
"""

from __future__ import annotations

from typing import Any

from filemill import Priority

SETTINGS: dict[str, dict[Priority, dict[str, Any]]] = {
    "jpeg": {
        Priority.SPEED: {},
        Priority.BALANCED: {},
        Priority.QUALITY: {"interlace": True, "optimize_coding": True, "trellis_quant": True},
    },
    "webp": {Priority.SPEED: {"effort": 2}, Priority.BALANCED: {"effort": 4}, Priority.QUALITY: {"effort": 6}},
    "avif": {
        Priority.SPEED: {"compression": "av1", "effort": 0},
        Priority.BALANCED: {"compression": "av1", "effort": 1},
        Priority.QUALITY: {"compression": "av1", "effort": 3},
    },
    "png": {
        Priority.SPEED: {"compression": 1, "filter": "sub"},
        Priority.BALANCED: {"compression": 2, "filter": "sub"},
        Priority.QUALITY: {"compression": 6, "filter": "all"},
    },
    "gif": {Priority.SPEED: {"effort": 1}, Priority.BALANCED: {"effort": 1}, Priority.QUALITY: {"effort": 7}},
    "jxl": {Priority.SPEED: {"effort": 3}, Priority.BALANCED: {"effort": 4}, Priority.QUALITY: {"effort": 5}},
    "jp2": {Priority.SPEED: {}, Priority.BALANCED: {}, Priority.QUALITY: {}},
    "tiff": {
        Priority.SPEED: {"compression": "lzw", "predictor": "horizontal"},
        Priority.BALANCED: {"compression": "lzw", "predictor": "horizontal"},
        Priority.QUALITY: {"compression": "deflate", "predictor": "horizontal"},
    },
}
"""Options of the encoders by format and priority."""

PALETTE = {"palette": True, "effort": 1, "compression": 6, "filter": "none"}
"""A PNG with at most 256 colours. Quantisation at effort 1 takes 335 ms for a picture 1080 wide, at 7
(the default of libvips) 1936 ms for 10 % fewer bytes."""

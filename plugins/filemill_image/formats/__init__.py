"""The picture formats."""

from filemill import Format
from filemill_image.formats.avif import AVIF
from filemill_image.formats.gif import GIF
from filemill_image.formats.heif import HEIC
from filemill_image.formats.jp2 import JP2
from filemill_image.formats.jpeg import JPEG
from filemill_image.formats.jxl import JXL
from filemill_image.formats.png import PNG
from filemill_image.formats.raw import RAW
from filemill_image.formats.svg import SVG
from filemill_image.formats.tiff import TIFF
from filemill_image.formats.webp import WEBP

FORMATS: tuple[Format, ...] = (JPEG, PNG, WEBP, AVIF, GIF, TIFF, JXL, JP2, HEIC, RAW, SVG)
"""Every picture format, the most usual first."""

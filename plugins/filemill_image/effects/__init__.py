"""Operations on the look of pictures, and the one that measures them."""

from filemill import Operation
from filemill_image.effects.focus import Blur, Pixelate, Sharpen
from filemill_image.effects.levels import AutoLevels
from filemill_image.effects.painting import OilPaint
from filemill_image.effects.picture_info import PictureInfo
from filemill_image.effects.polaroid import Polaroid
from filemill_image.effects.shadow import DropShadow
from filemill_image.effects.surround import Border, Flatten, RoundedCorners
from filemill_image.effects.tone import Adjust, Grayscale, Negate, Sepia
from filemill_image.effects.torn_edges import TornEdges
from filemill_image.effects.vignette import Vignette
from filemill_image.effects.watermark import Watermark

OPERATIONS: list[type[Operation]] = [
    Adjust,
    AutoLevels,
    Blur,
    Border,
    DropShadow,
    Flatten,
    Grayscale,
    Negate,
    OilPaint,
    PictureInfo,
    Pixelate,
    Polaroid,
    RoundedCorners,
    Sepia,
    Sharpen,
    TornEdges,
    Vignette,
    Watermark,
]

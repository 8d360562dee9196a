"""Operations on the look of pictures, and the one that measures them."""

from filemill import Operation
from filemill_image.effects.focus import Blur, Pixelate, Sharpen
from filemill_image.effects.picture_info import PictureInfo
from filemill_image.effects.surround import Border, Flatten, RoundedCorners
from filemill_image.effects.tone import Adjust, Grayscale, Negate, Sepia
from filemill_image.effects.watermark import Watermark

OPERATIONS: list[type[Operation]] = [
    Adjust,
    Blur,
    Border,
    Flatten,
    Grayscale,
    Negate,
    PictureInfo,
    Pixelate,
    RoundedCorners,
    Sepia,
    Sharpen,
    Watermark,
]

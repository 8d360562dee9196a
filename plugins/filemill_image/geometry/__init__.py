"""Operations on the geometry of pictures."""

from filemill_image.geometry.crop import Crop
from filemill_image.geometry.downsize import Downsize
from filemill_image.geometry.flip import Flip, Flop
from filemill_image.geometry.pad import Pad
from filemill_image.geometry.resize import Resize
from filemill_image.geometry.rotate import Rotate
from filemill_image.geometry.smart_crop import SmartCrop
from filemill_image.geometry.trim import Trim

OPERATIONS = (Crop, Downsize, Flip, Flop, Pad, Resize, Rotate, SmartCrop, Trim)

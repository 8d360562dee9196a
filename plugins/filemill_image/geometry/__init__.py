"""Operations on the geometry of pictures."""

from filemill_image.geometry.resize import Resize

OPERATIONS = (Resize,)

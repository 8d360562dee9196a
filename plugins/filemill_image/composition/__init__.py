"""Operations that make one picture of many."""

from filemill import Operation
from filemill_image.composition.animate import Animate
from filemill_image.composition.collage import Collage

OPERATIONS: list[type[Operation]] = [Animate, Collage]
"""All of them."""

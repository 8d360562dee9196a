"""ImgSmaller: pictures are made smaller by jobs, whose keys and results need no other key (IS-01…IS-54)."""

from filemill_server.dialects.imgsmaller.routes import IMGSMALLER

__all__ = ["IMGSMALLER"]

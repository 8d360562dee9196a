"""The picture plugin: raster formats and the operations on pictures."""

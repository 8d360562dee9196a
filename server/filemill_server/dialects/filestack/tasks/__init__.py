"""The tasks of a chain, read into what we do.

Where our operations are not what the vendor's are, the nearest true thing is done, or the task is refused
with 501. Never is something else done without a word:

==================  ================================================================================
task                what differs
==================  ================================================================================
resize              A side of 0 is not given. With one side the ratio stays, whatever `fit`. `align`
                    matters to `crop` only; `faces` is refused.
rotate, all tasks   EXIF orientation is applied before the first task (DX-10); `exif:false` is refused.
rounded_corners     The edge is smoothed; a `blur` of more than 1 is refused. Default radius 10.
circle              The largest square in the middle, and of it the circle.
transparency        A JPEG stays one: its corners are white unless a background, or a format that holds
                    transparency, is asked for.
border              Default width 3, black. `background` lies under a transparent picture.
vignette            `amount` is the share of the background in the corners. Default background: transparent.
shadow              `blur` is the Gaussian's sigma, 4 by default.
polaroid            Not turned by default. It has no caption and does not curl.
torn_edges          `spread` is the least and the largest depth of a tear, which reaches into a third of the
                    shorter side at most. Pictures of one size are torn alike.
collage             The source, or the list of them, and then `files`, in rows: `auto` gives each a cell of
                    about its own ratio, `crop` equal cells. `autorotate` turns by 90 degrees what is upright
                    in a cell that is not, and the other way round.
animate             A GIF unless an `output` says WebP. The first picture gives the size, or its ratio.
watermark           Made smaller where it would not fit in; never cut. Default place: the middle.
smart_crop          `auto` looks for edges, colours and skin; `face` and `coords` are refused.
blur, sharpen       `amount` of a blur is the Gaussian's sigma; of a sharpening half of it is how many
                    times the details of 1 pixel are added.
oil_paint           The filter of Kuwahara; `amount` is its radius.
partial_blur,       Default amount 10, blur 4, rect. `blur` is the sigma that softens the edges.
partial_pixelate
enhance             `auto` stretches the contrast, `vivid` also raises saturation by 30 percent, `fix_tint`
                    stretches each channel by itself. Other presets are refused.
monochrome          Grey of the same luminance.
blackwhite          Threshold on luminance.
sepia, modulate     The filters of CSS; each of modulate's options by itself, in its order. Saturation
                    above 1000 percent takes two steps, held within 8 bits between them.
output              Metadata goes unless `strip:false` is said (DX-10). `colorspace` is sRGB only.
                    `quality:input` is the encoder's default. `page` and `density` draw a PDF's page; a
                    picture has page 1 only, and its density is written into the file. Office formats,
                    HTML, SVG and paper for a PDF's pages are refused.
quality             Formats that keep every pixel have none.
compress            Quality 80, a PNG gets 256 colours; never larger than the source.
pdfconvert          Paper and orientation for pictures only. A range without an end stands at the end of
                    an ascending list.
doc_to_images       PDF only; PNG at 150 dpi unless something else is said. One engine.
pdfcreate           All sources are PDFs or all are pictures. One engine.
pdfinfo             `colorinfo` is refused.
ocr                 An area is a page.
==================  ================================================================================

`UNAVAILABLE` has the tasks that are refused as a whole.
"""

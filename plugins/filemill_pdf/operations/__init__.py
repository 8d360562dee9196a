"""The operations on documents. What they need beyond the core is imported when they run."""

from filemill import Operation
from filemill_pdf.operations.compress import CompressPdf
from filemill_pdf.operations.images_to_pdf import ImagesToPdf
from filemill_pdf.operations.info import ExtractText, PdfInfo, PdfMetadata
from filemill_pdf.operations.merge import MergePdf
from filemill_pdf.operations.pages import ExtractPages, RemovePages, ReorderPages, RotatePages
from filemill_pdf.operations.protect import DecryptPdf, EncryptPdf
from filemill_pdf.operations.rasterize import Rasterize
from filemill_pdf.operations.split import SplitPdf
from filemill_pdf.operations.watermark import WatermarkPdf

OPERATIONS: tuple[type[Operation], ...] = (
    MergePdf,
    SplitPdf,
    ExtractPages,
    RemovePages,
    ReorderPages,
    RotatePages,
    Rasterize,
    ImagesToPdf,
    CompressPdf,
    EncryptPdf,
    DecryptPdf,
    WatermarkPdf,
    PdfInfo,
    PdfMetadata,
    ExtractText,
)

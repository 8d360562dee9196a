"""The OpenAPI 3.1 document of the native API, made of what is registered (NA-13)."""

from filemill_server.openapi.document import document, document_bytes

__all__ = ["document", "document_bytes"]

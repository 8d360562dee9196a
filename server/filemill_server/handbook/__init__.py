"""The generated pages of the documentation: made of what the code declares, so that they can't differ from it."""

from filemill_server.handbook.pages import PAGES, page_of

__all__ = ["PAGES", "page_of"]

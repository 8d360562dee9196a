from filemill import *
class SearchablePdf(Operation, frozen=True, kw_only=True, tag="searchable-pdf"):
    """x."""
    def run(self, value: Picture | Document, context: Context) -> Document: ...

"""The operations on documents. What they need beyond the core is imported when they run."""

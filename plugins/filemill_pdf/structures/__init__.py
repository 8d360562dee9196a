"""The structures of a PDF beyond its pages, each in a module: how it is gathered from many documents into one."""

"""FileWhirl: one path that turns a file into another format, by a job that is polled (FW-01…FW-58)."""

from filemill_server.dialects.filewhirl.routes import FILEWHIRL

__all__ = ["FILEWHIRL"]

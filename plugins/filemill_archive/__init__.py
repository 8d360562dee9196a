"""The plugin for archive: Archives, by libarchive."""

"""The plugin for media: Video and sound, by FFmpeg."""

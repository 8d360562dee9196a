"""The plugin for office: Office documents, by LibreOffice."""

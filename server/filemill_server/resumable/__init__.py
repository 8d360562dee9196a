"""Uploads that come in several requests: what is there of them, who may go on, and how they end."""

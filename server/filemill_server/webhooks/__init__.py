"""Webhooks as Standard Webhooks 1.0.0 writes them: signed messages, and attempts to deliver them."""

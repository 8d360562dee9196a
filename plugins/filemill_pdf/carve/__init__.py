"""Carves pages out of a document so that nothing of any other page comes along."""

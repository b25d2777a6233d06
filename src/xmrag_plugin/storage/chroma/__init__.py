"""Vectors in Chroma: client, collections, rows of nodes."""

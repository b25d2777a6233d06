"""Ingestion: files to stored nodes, in an order that survives a kill."""

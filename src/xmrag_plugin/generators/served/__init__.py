"""Generators behind an HTTP interface: their models, their errors."""

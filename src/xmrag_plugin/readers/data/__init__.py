"""Readers of tabular and structured text: CSV, JSON, other parsers' output."""

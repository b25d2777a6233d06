"""Generators: what turns evidence into an answer."""

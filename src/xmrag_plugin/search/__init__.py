"""Retrieval: questions, candidates, calibration, one list."""

"""Describing a picture and summing up a source, with what the collection knows."""

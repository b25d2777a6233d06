"""The rungs of the ladder: which there are here, and what their failures mean."""

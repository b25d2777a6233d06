"""Answering: evidence into a prompt, a generator or quotations, citations checked, figures placed."""

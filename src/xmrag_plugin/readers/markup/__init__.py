"""Readers of text with markup: HTML, Markdown, AsciiDoc, reStructuredText, EPUB, notebooks."""

"""Outputs of notebooks: the richest form that says something."""

from __future__ import annotations

import json


def test_formulas_errors_and_drawings_of_words(tmp_path, read):
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><text x="9" y="50">Drawn words</text></svg>'
    outputs = [
        {"output_type": "display_data", "data": {"text/latex": "$$E = mc^2$$", "text/plain": "<Math>"}},
        {"output_type": "display_data", "data": {"image/svg+xml": drawing, "text/plain": "<SVG>"}},
        {
            "output_type": "error",
            "ename": "ValueError",
            "evalue": "no crane",
            "traceback": ["\x1b[0;31mTrace words"],
        },
    ]
    cell = {"cell_type": "code", "metadata": {}, "source": "show()", "outputs": outputs}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    said = read(path).words() + " ".join(picture.words for picture in read(path).pictures())
    for words in ("$$E = mc^2$$", "Drawn words", "ValueError: no crane", "Trace words"):
        assert words in said

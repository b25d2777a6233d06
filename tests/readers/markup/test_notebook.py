"""Outputs of notebooks: the richest form that says something."""

from __future__ import annotations

import base64
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


def notebook(tmp_path, *cells: dict):
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    return tmp_path / "a.ipynb"


def shown(*outputs: dict) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": "show()", "outputs": list(outputs)}


def test_attachments_are_found_by_their_names(tmp_path, read, png):
    data = base64.b64encode(png).decode()
    cell = {
        "cell_type": "markdown",
        "metadata": {},
        "source": "![the crane](attachment:crane%20one.png)",
        "attachments": {"crane one.png": {"image/png": [data[:40], data[40:]]}},
    }
    reading = read(notebook(tmp_path, cell))
    assert [(picture.data, picture.alt) for picture in reading.pictures()] == [(png, "the crane")]
    assert reading.warnings == []


def test_what_is_printed_is_what_a_terminal_leaves(tmp_path, read):
    bars = {
        "output_type": "stream",
        "name": "stdout",
        "text": ["loss 0.5\rloss 0.4\r\n", "\r 0%\r100%\ndone\r"],
    }
    objects = [
        {"output_type": "execute_result", "data": {"text/plain": words}}
        for words in (
            "[<matplotlib.lines.Line2D at 0x7f>, <matplotlib.lines.Line2D at 0x7e>]",
            "<IPython.core.display.JSON object>",
            "<b is no object",
        )
    ]
    reading = read(notebook(tmp_path, shown(bars, *objects)))
    assert reading.texts("code") == ["show()", "loss 0.4\n100%\ndone", "<b is no object"]


def test_plots_that_a_script_draws_and_trees(tmp_path, read):
    figure = {
        "data": [{"x": ["North", "South"], "y": [41, 57.5], "name": "Loads"}, {"y": [1, None]}, 3],
        "layout": {"title": {"text": "Loads by quay"}},
    }
    plot = {
        "output_type": "display_data",
        "data": {"application/vnd.plotly.v1+json": figure, "text/html": "<div><script>draw()</script></div>"},
    }
    tree = {
        "output_type": "execute_result",
        "data": {"application/json": {"quay": "North"}, "text/plain": "<JSON>"},
    }
    damaged = {
        "output_type": "display_data",
        "data": {"application/vnd.plotly.v1+json": {"data": 7, "layout": []}},
    }
    reading = read(notebook(tmp_path, shown(plot, tree, damaged)))
    assert reading.texts("table") == [
        "Loads by quay\n\n|  | Loads | Series 2 |\n| --- | --- | --- |\n| North | 41 | 1 |\n| South | 57.5 |  |"
    ]
    assert reading.texts("code") == ["show()", '{\n "quay": "North"\n}']

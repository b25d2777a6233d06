"""Files of questions, good and bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xmrag_plugin.errors import UsageError
from xmrag_plugin.evaluation import EvalQuery, Relevant, read_queries


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8")
    return path


def test_reads_every_key(tmp_path: Path) -> None:
    path = write(
        tmp_path / "queries.jsonl",
        {
            "id": "q1",
            "text": "哪一年\u2028建成?",
            "image": "pictures/a.png",
            "kind": "describe",
            "within": {"source": "a.pdf"},
            "relevant": [
                {"source": "a.pdf", "page": 3, "bbox": [1, 2, 3.5, 4], "page_size": [595, 842]},
                {"source": "./b.md"},
                {"source": "b.md"},
            ],
            "evidence": ["Chart"],
            "answer": "passed over",
        },
        {"text": "nothing holds it", "relevant": []},
    )
    first, second = read_queries(path)
    assert first == EvalQuery(
        id="q1",
        text="哪一年\u2028建成?",
        image=(tmp_path / "pictures" / "a.png").resolve(),
        kind="describe",
        relevant=(Relevant("a.pdf", 3, (1, 2, 3.5, 4), (595, 842)), Relevant("b.md")),
        evidence=("Chart",),
        within={"source": "a.pdf"},
    )
    assert (second.id, second.kind, second.image, second.relevant) == ("line-2", "question", None, ())


@pytest.mark.parametrize(
    ("source", "modality"),
    [
        ("a.md", "text"),
        ("b.pdf", "text"),
        ("pictures/c.JPG", "image"),
        ("d.svg", "image"),
        ("e.flac", "audio"),
        ("f.mp4", "video"),
        ("no-suffix", "text"),
    ],
)
def test_modality_is_told_by_the_file(source: str, modality: str) -> None:
    assert Relevant(source).modality == modality


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"text": "cut', "line 1 is not JSON"),
        ('["a"]', "not a JSON object"),
        ('{"text": "a"}', "'relevant' is missing"),
        ('{"text": "a", "relevant": [{"page": 2}]}', "'source' is missing"),
        ('{"text": "a", "relevant": [{"source": "a", "page": 0}]}', "page 0"),
        ('{"text": "a", "relevant": [{"source": "a", "page": "two"}]}', "page 'two'"),
        ('{"text": "a", "relevant": ["a"]}', "line 1"),
        ('{"text": "a", "within": "a.pdf", "relevant": []}', "'within'"),
        (
            '{"text": "a", "relevant": [{"source": "a", "page": 1, "bbox": [1, 2]}]}',
            "'bbox' is not 4 numbers",
        ),
        ('{"text": "", "relevant": []}', "neither"),
        ('{"text": 3, "relevant": []}', "strings"),
        ("", "no questions"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        read_queries(path)


def test_a_missing_file_and_other_encodings(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_queries(tmp_path / "none.jsonl")
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes('{"text": "é", "relevant": []}'.encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        read_queries(latin)
    marked = tmp_path / "marked.jsonl"
    marked.write_bytes(b'\xef\xbb\xbf{"text": "a", "relevant": []}\r\n')
    assert [query.text for query in read_queries(marked)] == ["a"]

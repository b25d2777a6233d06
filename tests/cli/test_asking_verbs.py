"""``search``, ``ask``, ``chat`` and ``eval`` on the sample collection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xmrag_plugin.evaluation.metrics import METRICS

from .conftest import Sample, xmrag

HIT = [
    "rank",
    "score",
    "probability",
    "modality",
    "source",
    "page",
    "bbox",
    "start_s",
    "end_s",
    "media",
    "media_file",
    "caption",
    "text",
    "node_id",
]


def test_search_has_the_rows_of_the_contract(sample: Sample) -> None:
    ran = sample.run("search", "how", "strong", "is", "the", "current", "-k", "4", "--json")
    assert ran.code == 0, ran.err
    assert list(ran.json) == ["query", "hits", "timings_ms"]
    assert ran.json["query"] == "how strong is the current"
    assert [hit["rank"] for hit in ran.json["hits"]] == [1, 2, 3, 4]
    assert all(list(hit) == HIT for hit in ran.json["hits"])
    assert ran.json["hits"][0]["source"] == "survey-2030.pdf"
    assert ran.json["hits"][0]["page"] == 2
    assert ran.json["timings_ms"]["total"] > 0


def test_search_for_pictures_only(sample: Sample) -> None:
    ran = sample.run("search", "a striped lighthouse", "--modality", "image", "--json")
    hits = ran.json["hits"]
    assert {hit["modality"] for hit in hits} == {"image"}
    assert hits[0]["source"] == "visiting.html"
    assert hits[0]["media"] == "pictures/lighthouse.png"
    assert Path(hits[0]["media_file"]).read_bytes()[:4] == b"\x89PNG"
    assert hits[0]["caption"] == "Figure 11: The Ness lighthouse at sunset."


def test_search_away_from_words(sample: Sample) -> None:
    plain = sample.run("search", "the turbines", "-k", "6", "--json").json["hits"]
    turned = sample.run("search", "the turbines", "--not", "electricity in 2029", "-k", "6", "--json").json
    assert turned["query"] == "the turbines"
    assert [hit["node_id"] for hit in turned["hits"]] != [hit["node_id"] for hit in plain]


def test_search_for_people(sample: Sample) -> None:
    ran = sample.run("search", "rating plate", "-k", "2")
    assert ran.code == 0
    assert ran.out.startswith(" 1. ")
    assert "control-room.md" in ran.out


def test_a_picture_without_a_vision_space_says_what_to_do(sample: Sample) -> None:
    picture = sample.folder / "docs" / "pictures" / "workboat.png"
    ran = sample.run("search", "--image", str(picture), "--json")
    assert ran.code in (0, 1)  # a picture finds itself by its bytes, or is told what is missing
    if ran.code == 0:
        assert ran.json["hits"][0]["media"] == "pictures/workboat.png"
    else:
        assert "--vision" in ran.json["hint"]


def test_a_missing_picture(sample: Sample) -> None:
    ran = sample.run("search", "a", "--image", "none.png")
    assert ran.code == 1
    assert "none.png" in ran.err


def test_search_with_a_picture(sample: Sample, two_tower: Path, tmp_path: Path) -> None:
    own = sample.copy(tmp_path / "own")
    ran = own.run("add", "--vision", str(two_tower), "--json")  # nothing is read again
    assert ran.code == 0, ran.err
    pictures = [
        str(sample.folder / "docs" / "pictures" / f"{name}.png") for name in ("workboat", "grey-seal")
    ]
    hits = own.run("search", "--image", pictures[0], "--json").json["hits"]
    assert hits[0]["media"] == "pictures/workboat.png"
    hits = own.run("search", "--image", pictures[0], "--image", pictures[1], "--json").json["hits"]
    assert {hit["media"] for hit in hits[:4]} >= {"pictures/workboat.png", "pictures/grey-seal.png"}


def test_ask_has_the_object_of_the_contract(sample: Sample) -> None:
    ran = sample.run("ask", "How fast is the current at spring tide?", "--json")
    assert ran.code == 0, ran.err
    data = ran.json
    assert list(data) == ["answer", "abstained", "citations", "generator", "hits", "timings_ms"]
    assert "3.6 metres per second" in data["answer"]
    assert data["abstained"] is False
    for citation in data["citations"]:
        assert {"n", "source", "page", "bbox", "media", "media_file", "quote", "supported"} <= citation.keys()
        assert f"[{citation['n']}]" in data["answer"]
    assert ("survey-2030.pdf", 2) in {(row["source"], row["page"]) for row in data["citations"]}
    assert {"name", "model", "skipped"} <= data["generator"].keys()
    assert data["generator"]["name"] == "extractive"
    assert list(data["hits"][0]) == HIT


def test_ask_for_people(sample: Sample) -> None:
    ran = sample.run("ask", "What is the serial number on the rating plate of the spare generator?")
    assert ran.code == 0
    assert "4471-B" in ran.out
    assert "control-room.md" in ran.out


def test_chat_goes_on_after_a_failure(sample: Sample) -> None:
    said = "How fast is the current at spring tide?\n/image none.png\nWhat is this?\n/reset\n/what\n/quit\nnever said\n"
    done = subprocess.run(
        [sys.executable, "-m", "xmrag_plugin.cli.main", "chat", "--kb", str(sample.kb)],
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, "XMRAG_LLM": "none", "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 1
    assert "3.6 metres per second" in done.stdout
    assert "survey-2030.pdf" in done.stdout
    assert "none.png" in done.stderr
    assert "/reset" in done.stdout  # an unknown command shows what there is
    assert "Traceback" not in done.stderr


def test_eval_prints_the_object_of_the_contract(sample: Sample, tmp_path: Path) -> None:
    rows = [
        {
            "id": "1",
            "text": "current at spring tide",
            "kind": "fact",
            "relevant": [{"source": "survey-2030.pdf", "page": 2}],
        },
        {
            "id": "2",
            "text": "a lighthouse at sunset",
            "kind": "describe",
            "relevant": [{"source": "pictures/lighthouse.png"}],
        },
        {
            "id": "3",
            "text": "叶片的横截面",
            "kind": "describe",
            "relevant": [{"source": "pictures/blade-section.png"}],
        },
        {"id": "4", "text": "the anthem of Bhutan", "kind": "fact", "relevant": []},
    ]
    path = tmp_path / "queries.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    ran = sample.run("eval", str(path), "--json")
    assert ran.code == 0, ran.err
    data = ran.json
    assert list(data) == ["n", "overall", "by_kind", "by_modality", "pages", "unanswerable"]
    assert data["n"] == 3
    assert data["unanswerable"] == 1
    assert list(data["overall"]) == [*METRICS, "interval"]
    assert data["overall"]["recall@10"] == 1.0
    assert {name: row["n"] for name, row in data["by_kind"].items()} == {"describe": 2, "fact": 1}
    assert {name: row["n"] for name, row in data["by_modality"].items()} == {"image": 2, "text": 1}
    table = sample.run("eval", str(path))
    assert table.code == 0
    assert "recall@10" in table.out
    assert table.err == ""


@pytest.mark.parametrize("line", ["", '{"text": "a"}', "not json"])
def test_eval_of_a_bad_file_is_wrong_use(line: str, sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line, encoding="utf-8")
    ran = sample.run("eval", str(path))
    assert ran.code == 2
    assert "bad.jsonl" in ran.err


def test_a_cold_search_loads_no_torch_and_no_llama_index(sample: Sample) -> None:
    code = f"""
import sys
from xmrag_plugin.cli.main import main
assert main(["search", "tide", "--json", "--kb", {str(sample.kb)!r}]) == 0
heavy = ("torch", "transformers", "sentence_transformers", "llama_index", "cv2")
print(*[name for name in heavy if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr.strip() == ""


def test_the_model_that_made_it_is_enforced(sample: Sample, two_tower: Path) -> None:
    ran = xmrag("search", "tide", "--text", str(two_tower), "--kb", str(sample.kb), cwd=sample.folder)
    assert ran.code == 1
    assert "xmrag" in ran.err
    assert "Traceback" not in ran.err


def test_describe_says_what_the_collection_says(sample: Sample) -> None:
    picture = sample.folder / "docs" / "pictures" / "workboat.png"
    ran = sample.run("describe", str(picture), "--json")
    assert ran.code == 0, ran.err
    assert "workboat Dunlin" in ran.json["answer"]
    assert {row["source"] for row in ran.json["citations"]} == {"maintenance.md"}


def test_summarize_cites_its_source_only(sample: Sample) -> None:
    ran = sample.run("summarize", "seals.html", "--length", "3")
    assert ran.code == 0, ran.err
    assert "seals.html" in ran.out
    assert sample.run("summarize", "nothing.html").code == 2


def test_eval_makes_its_own_questions_keeps_them_and_compares(sample: Sample, tmp_path: Path) -> None:
    made, page = tmp_path / "made.jsonl", tmp_path / "report.html"
    foreign = tmp_path / "foreign.jsonl"
    foreign.write_text(
        json.dumps({"text": "Who composed the anthem of the kingdom of Bhutan?", "relevant": []}),
        encoding="utf-8",
    )
    ran = sample.run(
        *("eval", "--generate", "3", "--save", str(made), "--html", str(page), "--foreign", str(foreign)),
        *("--against", "fusion=rrf", "--json"),
    )
    assert ran.code == 0, ran.err
    data = ran.json
    assert data["n"] == 3
    assert data["figures"]["recall@10"]["mean"] == 1.0
    assert data["refusal"]["foreign"] == 1
    assert data["comparison"]["second"].endswith("fusion=rrf")
    assert {row["figure"] for row in data["comparison"]["differences"]} >= {"recall@1", "answer_ms"}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    again = sample.run("eval", str(made), "--json")
    assert again.json["overall"] == data["overall"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((), "No questions"), (("--generate", "2", "--against", "fusio=rrf"), "Did you mean 'fusion'?")],
)
def test_eval_says_what_it_lacks(arguments: tuple[str, ...], says: str, sample: Sample) -> None:
    ran = sample.run("eval", *arguments)
    assert ran.code == 2
    assert says in ran.err

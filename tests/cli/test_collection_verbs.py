"""``add``, ``status``, ``remove`` and ``doctor`` on real files."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

from xmrag_plugin.demo import COLLECTION

from .conftest import Sample, xmrag

SOURCES = sorted(path.name for path in COLLECTION.iterdir() if path.is_file())


def test_add_reports_what_the_contract_names(sample: Sample) -> None:
    data = sample.added.json
    assert {
        "added",
        "updated",
        "unchanged",
        "removed",
        "failed",
        "nodes",
        "pictures",
        "seconds",
    } <= data.keys()
    assert sorted(data["added"]) == SOURCES
    assert data["updated"] == data["unchanged"] == data["removed"] == data["failed"] == []
    assert data["nodes"]["image"] == data["pictures"]["stored"] == 13
    assert data["nodes"]["text"] > 0
    assert isinstance(data["pictures"]["skipped"], dict)
    assert all(seconds >= 0 for seconds in data["seconds"].values())


def test_a_bad_file_costs_itself_only(small: Sample) -> None:
    assert small.added.json["added"] == ["maintenance.md", "overview.md", "turbine.md"]
    broken = small.folder / "docs" / "broken.pdf"
    broken.write_bytes((COLLECTION / "survey-2030.pdf").read_bytes()[:3000])
    (small.folder / "docs" / "overview.md").write_text("# Vessay\n\nAnother text now.\n", encoding="utf-8")
    ran = small.run("add", "docs", "nowhere", "--json")
    assert ran.code == 1
    assert {Path(row["source"]).name for row in ran.json["failed"]} == {"broken.pdf", "nowhere"}
    assert all(row["error"] and row["hint"] for row in ran.json["failed"])
    assert ran.json["updated"] == ["overview.md"]
    assert ran.json["unchanged"] == ["maintenance.md", "turbine.md"]
    for name in ("broken.pdf", "nowhere"):
        assert any(line.startswith("failed: ") and name in line for line in ran.err.splitlines())
    assert "\r" not in ran.err  # no progress bar where stderr is no terminal
    broken.unlink()
    (small.folder / "docs" / "maintenance.md").unlink()
    ran = small.run("add", "docs", "--prune", "--json")
    assert ran.code == 0
    assert "maintenance.md" in ran.json["removed"]


def test_words_for_people_are_on_stdout(small: Sample) -> None:
    ran = small.run("add", "docs")
    assert ran.code == 0
    assert "3 unchanged" in ran.out
    ran = small.run("status")
    assert ran.code == 0
    for words in ("3 ready", "4 image", "all-MiniLM-L6-v2", "turbine.md", "extractive"):
        assert words in ran.out
    status = small.run("status", "--json").json
    assert status["names"] == ["maintenance.md", "overview.md", "turbine.md"]
    assert status["generators"][-1]["name"] == "extractive"


def test_remove(small: Sample) -> None:
    ran = small.run("remove", "turbine.md", "not-there.md", "--json")
    assert ran.code == 1
    assert ran.json["removed"] == ["turbine.md"]
    assert [row["source"] for row in ran.json["failed"]] == ["not-there.md"]
    assert "not-there.md" in ran.err
    hits = small.run("search", "the rotor and its gearbox", "--json").json["hits"]
    assert {hit["source"] for hit in hits} == {"maintenance.md", "overview.md"}


def test_a_changed_file_leaves_no_word_and_purge_says_what_it_freed(small: Sample) -> None:
    note = small.folder / "docs" / "note.md"
    note.write_text("# Zugzwang\n\nThe quodlibet was sung below the gantry.\n")
    assert small.run("add", "docs", "--json").json["added"] == ["note.md"]
    note.write_text("# Song\n\nNothing was sung below the gantry.\n")
    assert small.run("add", "docs", "--json").json["updated"] == ["note.md"]
    [manifest] = small.folder.rglob("manifest.json")

    def used(path: Path) -> bytes:
        """What a file says: Chroma's index has room for vectors to come, of which nothing is known."""
        data = path.read_bytes().lower()
        if path.name not in ("data_level0.bin", "length.bin"):
            return data
        count, row_bytes = struct.unpack_from("<iQQQQ", path.with_name("header.bin").read_bytes())[-2:]
        return data[: count * (row_bytes if path.name == "data_level0.bin" else 4)]

    def held(word: bytes, said: Callable[[Path], bytes] = used) -> list[str]:
        files = (path for path in manifest.parent.rglob("*") if path.is_file())
        return [path.name for path in files if word in said(path)]

    assert held(b"gantry")
    assert held(b"quodlibet") == held(b"zugzwang") == []
    ran = small.run("purge", "--json")
    assert ran.code == 0
    for word in (b"quodlibet", b"zugzwang"):
        assert held(word, lambda path: path.read_bytes().lower()) == []
    assert ran.json["freed"] >= 0
    assert ran.json["bytes"] == sum(
        path.stat().st_size for path in manifest.parent.rglob("*") if path.is_file()
    )
    assert (
        small.run("search", "What was sung below the gantry?", "--json").json["hits"][0]["source"]
        == "note.md"
    )


def test_an_added_folder_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = xmrag("add", "empty", "--json", cwd=tmp_path)
    assert ran.code in (0, 1)
    assert ran.json["added"] == []


def test_doctor_finds_nothing_in_a_sound_one(sample: Sample) -> None:
    ran = sample.run("doctor", "--json")
    assert ran.code == 0, ran.out
    assert ran.json["healthy"] is True
    assert {"catalog", "sources", "pictures", "vectors", "models"} <= {
        row["check"] for row in ran.json["findings"] if row["state"] == "ok"
    }


def test_doctor_names_each_fault_with_a_fix_that_mends_it(small: Sample) -> None:
    next((small.kb / "media").glob("*/*.png")).unlink()
    catalog = sqlite3.connect(small.kb / "catalog.sqlite")
    catalog.execute("UPDATE sources SET state = 'pending' WHERE source = 'turbine.md'")
    catalog.commit()
    catalog.close()
    ran = small.run("doctor", "--json")
    assert ran.code == 1
    faults = {row["check"]: row for row in ran.json["findings"] if row["state"] == "problem"}
    assert set(faults) == {"interrupted work", "pictures"}
    assert "turbine.md" in faults["interrupted work"]["what"]
    command = faults["pictures"]["fix"]
    assert command == faults["interrupted work"]["fix"]
    assert xmrag(*shlex.split(command)[1:], cwd=small.folder).code == 0
    ran = small.run("doctor")
    assert ran.code == 0, ran.out


def test_doctor_of_a_damaged_one(sample: Sample, tmp_path: Path) -> None:
    own = sample.copy(tmp_path / "own")
    (own.kb / "catalog.sqlite").write_bytes(b"this is no database" * 100)
    for name in ("catalog.sqlite-wal", "catalog.sqlite-shm"):
        (own.kb / name).unlink(missing_ok=True)
    ran = own.run("doctor", "--json")
    assert ran.code == 1
    assert any(row["check"] == "catalog" and row["state"] == "problem" for row in ran.json["findings"])
    assert all(row["fix"] for row in ran.json["findings"] if row["state"] == "problem")
    assert "Traceback" not in ran.err


def test_a_newer_knowledge_base_is_refused(sample: Sample, tmp_path: Path) -> None:
    own = sample.copy(tmp_path / "own")
    (own.kb / "manifest.json").write_text('{"format": 99}', encoding="utf-8")
    for verb in ("status", "doctor"):
        ran = own.run(verb)
        assert ran.code == 1
        assert "newer" in (ran.err + ran.out).lower()


def test_a_knowledge_base_can_be_moved(sample: Sample, tmp_path: Path) -> None:
    shutil.copytree(sample.kb, tmp_path / "moved")
    ran = xmrag("search", "lighthouse at sunset", "--json", "--kb", str(tmp_path / "moved"), cwd=tmp_path)
    assert ran.code == 0
    picture = next(hit for hit in ran.json["hits"] if hit["media"] == "pictures/lighthouse.png")
    assert Path(picture["media_file"]).is_relative_to(tmp_path / "moved")
    assert Path(picture["media_file"]).is_file()


def test_a_vision_space_comes_and_goes_without_reading_again(
    sample: Sample, two_tower: Path, tmp_path: Path
) -> None:
    own = sample.copy(tmp_path / "own")
    assert own.run("add", "--vision", str(two_tower)).code == 0
    assert own.run("status", "--json").json["spaces"]["vision"]["vectors"] > 0
    ran = own.run("add", "--vision", "none", "--json")
    assert (ran.code, ran.json["dropped"]) == (0, ["vision"])
    assert list(own.run("status", "--json").json["spaces"]) == ["text"]
    again = own.run("add", "--vision", "none", "--json")
    assert (again.code, again.json["dropped"]) == (0, [])
    assert own.run("doctor", "--json").code == 0

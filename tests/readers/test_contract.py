"""Every reader keeps the shipped contract; a reader without a sample fails here."""

from __future__ import annotations

import pytest
from sample_files import SAMPLES, WORDS

from xmrag_plugin.readers import Reader, find_reader, known_readers, read_file
from xmrag_plugin.readers.contract import READER_CHECKS, ReaderBroken
from xmrag_plugin.types import Element, Picture

READERS = {reader.name: reader for reader in known_readers()}
WITHOUT_WORDS = frozenset({"image"})


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("check", READER_CHECKS, ids=lambda check: check.__name__)
def test_contract(check, name, tmp_path):
    assert name in SAMPLES, f"write a sample for the reader {name!r} in tests/support/sample_files.py"
    check(READERS[name], SAMPLES[name](tmp_path))


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() & READERS.keys()))
def test_the_sample_is_found_and_its_words_are_there(name, tmp_path):
    path = SAMPLES[name](tmp_path)
    assert find_reader(path).name == name
    if name not in WITHOUT_WORDS:
        elements = list(read_file(path))
        said = " ".join(
            element.text + " " + (element.picture.words if element.picture is not None else "")
            for element in elements
        )
        assert WORDS in said


@pytest.mark.parametrize("name", sorted(name for name, reader in READERS.items() if not reader.textual))
def test_binary_kinds_are_known_under_any_name(name, tmp_path):
    path = SAMPLES[name](tmp_path)
    hidden = path.rename(tmp_path / f"{name}.txt")
    assert find_reader(hidden).name == name


class Careless(Reader):
    """Breaks most promises."""

    name = "careless"
    suffixes = (".Bad",)

    @classmethod
    def sniff(cls, head, path):
        return True

    def read(self, path, options):
        options.skip("Too Small!")
        yield Element("heading", "no level")
        yield Element("picture", picture=Picture(data=b"junk"))
        raise RuntimeError(len(path.read_bytes()))


def test_the_contract_catches_what_breaks_it(tmp_path):
    path = tmp_path / "a.Bad"
    path.write_text("content")
    caught = []
    for check in READER_CHECKS:
        try:
            check(Careless, path)
        except (ReaderBroken, RuntimeError) as error:
            caught.append((check.__name__, type(error).__name__))
    assert len(caught) >= 6
    assert ("check_describes_itself", "ReaderBroken") in caught


def test_the_names_before_0_2_are_taken_and_given():
    import dataclasses

    from xmrag_plugin.readers import ReadContext, ReadOptions

    assert ReadOptions is ReadContext
    told: list[str] = []
    options = ReadOptions(skip=told.append)  # type: ignore[call-arg]
    options.skip("small")
    later = dataclasses.replace(options, warn=lambda message, hint: told.append(message))
    later.on_warning("a message", "a hint")
    later.on_skip("blank")
    assert told == ["small", "a message", "blank"]
    with pytest.raises(TypeError, match="no field"):
        ReadContext(skips=told.append)

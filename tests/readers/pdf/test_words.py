"""Letters as they are meant: superscripts, ligatures, vertical columns, fonts that do not say what they show."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_writing import PageSpec, glyph_text, lines, mapped_font, text, write_pdf
from PIL import Image

from xmrag_plugin.images.lettering import OcrLine, OcrResult
from xmrag_plugin.types import Element, Key, parse_line_boxes

Read = Callable[..., list[Element]]
FONT = {"F9": "100 0 R"}


def words(elements: list[Element]) -> str:
    return " ".join(element.text for element in elements)


def test_exponents_and_indices_keep_their_place(tmp_path: Path, read: Read) -> None:
    def line(y: float, *parts: tuple[str, float, float]) -> str:
        shown = "".join(f"/F1 {size} Tf {rise} Ts ({part}) Tj " for part, size, rise in parts)
        return f"BT 1 0 0 1 72 {y} Tm {shown}ET\n"

    content = line(
        700, ("The star has a mass of 5.1 x 10", 11, 0), ("7", 7, 4), (" kg, found in H", 11, 0), ("2", 7, -2), ("O,", 11, 0)
    ) + line(
        687, ("as was said", 11, 0), ("12", 7, 4), (" of an area of 40 m", 11, 0), ("2", 7, 4), (" on the 1", 11, 0), ("st", 7, 4),
        (" of May.", 11, 0),
    )  # fmt: skip
    found = words(read(write_pdf(tmp_path / "raised.pdf", [PageSpec(content)])))
    assert found == (
        "The star has a mass of 5.1 x 10^7 kg, found in H₂O, as was said^12 of an area of 40 m^2 on the 1st of May."
    )


@pytest.mark.parametrize(
    ("glyphs", "meant"),
    [
        (["م", "لا", "س", "ل", "ا"], "السلام"),  # the map names both letters of the ligature
        (["م", "\ufefb", "س", "ل", "ا"], "السلام"),  # the ligature's own sign
        (["\ufee1", "\ufefc", "\ufeb4", "\ufedf", "\ufe8d"], "السلام"),  # presentation forms
        (["\ufb01", "n"], "fin"),
        (["o", "\ufb03", "ce"], "office"),
    ],
)
def test_ligatures_and_presentation_forms(tmp_path: Path, read: Read, glyphs: list[str], meant: str) -> None:
    page = PageSpec(glyph_text(72, 700, range(len(glyphs))), fonts=FONT)
    assert words(read(write_pdf(tmp_path / "forms.pdf", [page], more=mapped_font(glyphs, 100)))) == meant


COLUMNS = [
    "港の灯台は三十年前に建てられた。",
    "高さは四十二メートルである。",
    "光は二十海里先まで届く。",
    "霧の日には鐘を鳴らす。",
]


@pytest.mark.parametrize("step", [16, 18, 26], ids=["solid", "close", "spaced"])
@pytest.mark.parametrize("order", [1, -1], ids=["first column first", "last column first"])
def test_vertical_columns_are_read_from_the_right(tmp_path: Path, read: Read, step: int, order: int) -> None:
    glyphs = sorted(set("".join(COLUMNS)))
    content = "".join(
        glyph_text(400 - 30 * at, 700 - step * down, [glyphs.index(letter)], size=16)
        for at, column in list(enumerate(COLUMNS))[::order]
        for down, letter in enumerate(column)
    )
    page = PageSpec(content, fonts=FONT)
    found = read(write_pdf(tmp_path / "vertical.pdf", [page], more=mapped_font(glyphs, 100)))
    assert "".join(element.text for element in found).replace(" ", "") == "".join(COLUMNS)
    assert found[0].bbox is not None
    assert found[0].bbox[0] == pytest.approx(400, abs=2)


def test_a_picture_on_a_page_of_vertical_text_stays_upright(tmp_path: Path, read: Read) -> None:
    glyphs = sorted(set("".join(COLUMNS)))
    content = "".join(
        glyph_text(400 - 30 * at, 700 - 16 * down, [glyphs.index(letter)], size=16)
        for at, column in enumerate(COLUMNS)
        for down, letter in enumerate(column)
    )
    picture = (160, 80, bytes(range(240)) * 160)
    page = PageSpec(content + "q 120 0 0 60 72 200 cm /Im1 Do Q\n", {"Im1": picture}, fonts=FONT)
    found = read(write_pdf(tmp_path / "pictured.pdf", [page], more=mapped_font(glyphs, 100)))
    figure = next(element for element in found if element.picture)
    assert figure.bbox == pytest.approx((72, 532, 192, 592), abs=1)
    with Image.open(io.BytesIO((figure.picture and figure.picture.data) or b"")) as image:
        assert image.width > image.height


SHIFTED = [
    "".join(chr(ord(letter) - 29) for letter in word) for word in ("theharbourmaster", "opensthelockatsix")
]
READABLE = ["The books of the lock are kept in the red house on the quay."]


def ocr(_: bytes) -> OcrResult:
    rows = ["The harbour master", "opens the lock at six"]
    return OcrResult(
        "\n".join(rows),
        [OcrLine(row, (200, 250 + 60 * n, 900, 290 + 60 * n), 0.98) for n, row in enumerate(rows)],
    )


def unmapped_page(*, readable: bool) -> PageSpec:
    letters = [chr(code) for code in range(33, 127)]
    shown = "".join(
        glyph_text(72, 700 - 14 * n, [letters.index(letter) for letter in word])
        for n, word in enumerate(SHIFTED)
    )
    return PageSpec(shown + (lines(72, 400, READABLE * 4) if readable else ""), fonts=FONT)


@pytest.mark.parametrize("readable", [False, True], ids=["all of a page", "some of a page"])
def test_letters_of_a_font_without_a_map(tmp_path: Path, read: Read, readable: bool) -> None:
    letters = [chr(code) for code in range(33, 127)]
    more = mapped_font(["\ufffd"] * len(letters), 100)
    path = write_pdf(tmp_path / "unmapped.pdf", [unmapped_page(readable=readable)], more=more)
    warned: list[str] = []
    found = words(read(path, on_warning=lambda message, hint: warned.append(message)))
    assert SHIFTED[0] not in found
    assert (READABLE[0] in found) == readable
    assert len(warned) == 1
    assert "page 1" in warned[0]
    found = words(read(path, ocr=ocr))
    assert "The harbour master" in found
    assert "opens the lock at six" in found
    assert (READABLE[0] in found) == readable


def test_a_spread_is_read_page_by_page_for_its_picture_too(tmp_path: Path, read: Read) -> None:
    left = [f"left page line {n} goes on and on" for n in range(8)]
    right = [f"right page line {n} goes on too" for n in range(8)]

    def spread(_: bytes) -> OcrResult:
        rows = [
            OcrLine(row, (x, 200 + 60 * n, x + 900, 240 + 60 * n), 0.98)
            for n in range(8)
            for x, row in ((150, left[n]), (1300, right[n]))
        ]
        return OcrResult("\n".join(f"{a} {b}" for a, b in zip(left, right, strict=True)), rows)

    scan = (120, 80, bytes(range(240)) * 120)
    page = PageSpec("q 842 0 0 595 0 0 cm /Im1 Do Q\n", {"Im1": scan}, size=(842, 595))
    picture, *rest = read(write_pdf(tmp_path / "spread.pdf", [page]), ocr=spread)
    wanted = " ".join([*left, *right])
    assert " ".join(words(rest).split()) == wanted
    assert picture.picture is not None
    assert " ".join(picture.picture.ocr.split()) == wanted


def test_a_note_in_the_margin_set_sideways_is_read(tmp_path: Path, read: Read) -> None:
    body = lines(72, 700, ["The lock was opened in the spring of the year and closed again."] * 6)
    stamp = text(30, 300, "Received by the harbour office on the ninth of May", turned=True)
    assert "Received by the harbour office" in words(
        read(write_pdf(tmp_path / "stamp.pdf", [PageSpec(body + stamp)]))
    )


def rule(x: float, y: float, wide: float, high: float = 0.9) -> str:
    return f"{x} {y} {wide} {high} re f\n"


def test_underscores_that_are_drawn_as_rules_are_read(tmp_path: Path, read: Read) -> None:
    """As TeX draws them: three tenths of the type size, at the baseline, between two words that no space parts."""

    def word(x: float, y: float, said: str) -> tuple[str, float]:
        return text(x, y, said, font="F3"), x + 6.6 * len(said)  # Courier's letters are of one width

    content, x = "", 72.0
    for part in ("tree", "of", "nodes"):
        shown, end = word(x, 700, part)
        content += shown + ("" if part == "nodes" else rule(end + 0.5, 699, 3.4))
        x = end + 4.4
    content += word(x + 2.2, 700, "is a name.")[0]
    content += word(72, 660, "A name here")[0] + rule(72, 657.5, 11 * 6.6)  # an underline
    content += (
        word(72, 640, "Sign:")[0] + rule(106, 639, 60) + word(168, 640, "here")[0]
    )  # a blank to fill in
    content += word(72, 620, "a")[0] + rule(79, 623, 4) + word(83.6, 620, "b")[0]  # a dash
    content += word(72, 580, "a")[0] + rule(72, 577, 6) + word(72, 566, "b")[0]  # a fraction
    found = words(read(write_pdf(tmp_path / "drawn.pdf", [PageSpec(content)])))
    assert "tree_of_nodes is a name." in found
    assert found.count("_") == 2


def test_a_name_that_is_broken_after_its_underscore_goes_on(tmp_path: Path, read: Read) -> None:
    rows = [
        "The call fails with the number of ERROR_TOO_",
        "LARGE where the file does not fit, and the",
        "disk_",
        "is full.",
    ]
    found = words(read(write_pdf(tmp_path / "broken.pdf", [PageSpec(lines(72, 700, rows))])))
    assert "ERROR_TOO_LARGE where" in found


def test_entries_of_a_table_of_contents_stay_lines_and_are_no_headings(tmp_path: Path, read: Read) -> None:
    dots = " ." * 30
    contents = text(72, 740, "Contents", size=18, font="F2")
    contents += text(72, 700, f"1 Tides{dots} 2", font="F2")
    contents += lines(
        72, 670, [f"1.1 Spring tides{dots} 3", f"1.2 Neap tides and what{dots * 2}", f"follows{dots} 7"]
    )
    body = text(72, 740, "1 Tides", size=16, font="F2") + text(
        72, 700, "The tide rises twice a day. He waited .... and left."
    )
    found = read(write_pdf(tmp_path / "contents.pdf", [PageSpec(contents), PageSpec(body)]))
    assert [element.text for element in found if element.kind == "heading"] == ["Contents", "1 Tides"]
    said = "\n".join(element.text for element in found).splitlines()
    assert said[1:3] == ["1 Tides … 2", "1.1 Spring tides … 3"]
    assert not any(". ." in line for line in said)
    assert "He waited .... and left." in said[-1]


def test_a_word_that_is_broken_at_the_end_of_a_page_is_made_whole(tmp_path, read):
    pages = [
        PageSpec(lines(72, 700, ["The committee met in the red house and spoke of the mainte-"])),
        PageSpec(
            lines(
                72, 720, ["nance of the lock, whose maintenance had been left", "for two well-known years."]
            )
        ),
    ]
    first, second = read(write_pdf(tmp_path / "a.pdf", pages))
    assert first.text.endswith("spoke of the maintenance")
    assert second.text.startswith("of the lock, whose")
    boxes = parse_line_boxes(second.metadata[Key.LINE_BOXES])
    assert second.text[boxes[1][0] : boxes[1][1]] == "for two well-known years."


def test_numbers_of_lines_are_no_words_and_numbers_of_items_are(tmp_path, read):
    running = [
        "The strait is narrow and the current turns", "four times a day. Boats wait at the north",
        "buoy until the pilot has gone on board and", "the flag of the harbour is set. Then they",
        "follow each other through the gap at noon,", "and the lock is closed behind the last one.",
    ]  # fmt: skip
    items = [f"Step {name} of the work on the harbour's old lock." for name in ("a", "b", "c", "d", "e", "f")]
    for rows, kept in ((running, False), (items, True)):
        content = "".join(
            text(40, 700 - 13 * row, str(row + 1), size=8) + text(72, 700 - 13 * row, words)
            for row, words in enumerate(rows)
        )
        found = " ".join(element.text for element in read(write_pdf(tmp_path / "a.pdf", [PageSpec(content)])))
        assert found == " ".join(rows) if not kept else "2 Step b" in found.replace("\n", " ")


@pytest.mark.parametrize(
    ("letter", "rest", "whole"), [("T", "he harbour", "The harbour"), ("A", "harbour", "A harbour")]
)
def test_a_large_initial_belongs_to_its_word(tmp_path, read, letter, rest, whole):
    beside = [
        f"{rest} was built in the year of the flood, and it",
        "held for a hundred years before the wall gave way.",
    ]
    content = text(72, 660, letter, size=40) + lines(102, 680, beside)
    [element] = read(write_pdf(tmp_path / "a.pdf", [PageSpec(content)]))
    assert element.text.startswith(f"{whole} was built")


def test_letters_that_throw_a_shadow_are_read_once(tmp_path: Path, read: Read) -> None:
    """Each letter drawn again, a little to the right and below; letters that are double in the word stay so."""
    wide = {"C": 722, "o": 611, "m": 889, "i": 278, "t": 333, "e": 556}
    content, x = "", 72.0
    for letter in "Committee":
        for shift in (0, 1.6):
            content += text(x + shift, 600 - shift, letter, size=20, font="F2")
        x += wide[letter] / 50
    content += text(72, 500, "The committee keeps all its letters, off and on.")
    assert words(read(write_pdf(tmp_path / "shadow.pdf", [PageSpec(content)]))).startswith(
        "Committee The committee keeps all its letters, off and on."
    )

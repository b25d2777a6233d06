"""Pages as people reported them to other converters: entries and their numbers, listings, merged cells, marks, remarks."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_writing import PageSpec, lines, mapped_font, text, write_pdf
from PIL import Image, ImageDraw

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]
PROSE = [
    "The keeper of the harbour lights the lamp at dusk and puts it out at dawn, in",
    "every season of the year, when the wind is from the sea and when it is not.",
    "Boats that come in late are shown the way by two lights over the north pier.",
]


def words(elements: list[Element]) -> list[str]:
    return [element.text for element in elements]


def rules(xs: list[float], ys: list[float]) -> str:
    return "".join(f"{xs[0]} {y} m {xs[-1]} {y} l S\n" for y in ys) + "".join(
        f"{x} {ys[0]} m {x} {ys[-1]} l S\n" for x in xs
    )


def test_dots_lead_to_the_number_of_an_entry_however_far(tmp_path: Path, read: Read) -> None:
    content = text(72, 740, "Contents", size=18, font="F2")
    for row, (title, page, dots) in enumerate(
        [("Foreword", "ix", 110), ("Chain of buoys", "1", 90), ("Pilots", "118", 120)]
    ):
        content += text(72, 700 - 18 * row, f"{title} {'.' * dots}") + text(500, 700 - 18 * row, page)
    found = words(read(write_pdf(tmp_path / "contents.pdf", [PageSpec(content)])))
    assert found == ["Contents", "Foreword … ix", "Chain of buoys … 1", "Pilots … 118"]


def test_dots_in_a_table_of_several_columns_leave_it_a_table(tmp_path: Path, read: Read) -> None:
    content = text(380, 705, "2031", size=10) + text(470, 705, "2030", size=10)
    for row, (label, new, old) in enumerate(
        [
            ("Harbour dues", "12,345", "11,900"),
            ("Pilotage", "4,310", "4,120"),
            ("Storage", "988", "1,004"),
            ("Wages", "8,100", "7,950"),
        ]
    ):
        y = 685 - 16 * row
        content += (
            text(72, y, f"{label} {'.' * 70}", size=10)
            + text(380, y, new, size=10)
            + text(470, y, old, size=10)
        )
    (table,) = read(write_pdf(tmp_path / "income.pdf", [PageSpec(content)]))
    assert table.text.splitlines()[0] == "|  | 2031 | 2030 |"
    assert "| Storage | 988 | 1,004 |" in table.text
    assert ".." not in table.text


def test_pages_of_a_preface_are_entries_and_no_head(tmp_path: Path, read: Read) -> None:
    entries = [
        ("List of figures", "vii"),
        ("About the port", "ix"),
        ("The lock", "3"),
        ("The pier", "17"),
        ("The lamp", "29"),
        ("Index", "211"),
    ]
    content = "".join(
        text(72, 700 - 15 * n, title) + text(480, 700 - 15 * n, page)
        for n, (title, page) in enumerate(entries)
    )
    found = read(write_pdf(tmp_path / "preface.pdf", [PageSpec(content)]))[0].text
    assert all(f"| {title} | {page} |" in found for title, page in entries)


CODE = [
    "def outer(items):",
    "    total = 0",
    "    for item in items:",
    "        if item > 0:",
    "            total += item",
    "        else:",
    "            total -= item",
    "    return total",
]


@pytest.mark.parametrize("by_place", [False, True], ids=["blanks", "places"])
@pytest.mark.parametrize("step", [12, 14, 16])
def test_a_listing_is_one_and_keeps_its_indentation(
    tmp_path: Path, read: Read, step: int, by_place: bool
) -> None:
    content = lines(72, 740, PROSE)
    for row, line in enumerate(CODE):
        blanks = len(line) - len(line.lstrip())
        shown, left = (line.lstrip(), 72 + 6 * blanks) if by_place else (line, 72)
        content += text(left, 680 - step * row, shown, size=10, font="F3")
    found = read(write_pdf(tmp_path / "code.pdf", [PageSpec(content + lines(72, 500, PROSE))]))
    assert [element.text for element in found if element.kind == "code"] == ["\n".join(CODE)]


def test_a_cell_merged_over_rows_is_told_in_each(tmp_path: Path, read: Read) -> None:
    xs, ys = [72, 172, 292, 392], [700, 682, 664, 646, 628, 610]
    content = "".join(f"{xs[0]} {y} m {xs[-1]} {y} l S\n" for y in (700, 682, 646, 610))
    content += "".join(f"{xs[1]} {y} m {xs[-1]} {y} l S\n" for y in (664, 628))
    content += "".join(f"{x} 700 m {x} 610 l S\n" for x in xs)
    content += "".join(
        text(x + 4, 688, head, size=9, font="F2")
        for x, head in zip(xs, ["Pier", "Boat", "Fee"], strict=False)
    )
    content += text(76, 661, "North", size=9) + text(76, 629, "South", size=9) + text(76, 619, "pier", size=9)
    for row, (boat, fee) in enumerate([("Ivar", "12"), ("Signe", "19"), ("Ragna", "16"), ("Olaf", "21")]):
        content += text(176, ys[row + 2] + 6, boat, size=9) + text(296, ys[row + 2] + 6, fee, size=9)
    (table,) = read(write_pdf(tmp_path / "merged.pdf", [PageSpec(content)]))
    assert table.text.splitlines()[2:] == [
        "| North | Ivar | 12 |",
        "| North | Signe | 19 |",
        "| South pier | Ragna | 16 |",
        "| South pier | Olaf | 21 |",
    ]


def test_labels_of_rows_without_rules_between_stay_apart(tmp_path: Path, read: Read) -> None:
    content = (
        "".join(f"172 {y} m 392 {y} l S\n" for y in (664, 646, 628))
        + "72 682 m 392 682 l S\n72 610 m 392 610 l S\n"
    )
    content += "72 700 m 392 700 l S\n" + "".join(f"{x} 700 m {x} 610 l S\n" for x in (72, 172, 292, 392))
    for row, cells in enumerate(
        [
            ("Pier", "Boat", "Fee"),
            ("North", "Ivar", "12"),
            ("South", "Signe", "19"),
            ("East", "Ragna", "16"),
            ("West", "Olaf", "21"),
        ]
    ):
        content += "".join(
            text(x + 4, 688 - 18 * row, cell, size=9) for x, cell in zip((72, 172, 292), cells, strict=True)
        )
    (table,) = read(write_pdf(tmp_path / "labels.pdf", [PageSpec(content)]))
    assert "| North | Ivar | 12 |" in table.text
    assert "| West | Olaf | 21 |" in table.text


def test_the_last_line_of_a_cell_belongs_to_its_table(tmp_path: Path, read: Read) -> None:
    rows = [("Gene", "Function", "Source"), ("gate1", "opens the lock gate", "North pier"), ("", "when water is high", ""),
            ("gate2", "closes the lock", "South pier"), ("lamp", "lights the channel", "Mole"), ("", "from dusk to dawn", "")]  # fmt: skip
    content = text(72, 730, "Table 1. Parts and what they do", size=10, font="F2")
    for row, cells in enumerate(rows):
        content += "".join(
            text(x, 700 - 12 * row, cell, size=10)
            for x, cell in zip((72, 160, 330), cells, strict=True)
            if cell
        )
    found = read(write_pdf(tmp_path / "parts.pdf", [PageSpec(content)]))
    assert [element.kind for element in found] == ["table"]
    assert found[0].text.splitlines()[-1] == "| lamp | lights the channel from dusk to dawn | Mole |"


@pytest.mark.parametrize(
    ("first", "second", "meant"),
    [
        ("a fish of the Spinat-", "Masala kind", "Spinat-Masala"),
        ("the rules of Covid-", "19 were kept", "Covid-19"),
        ("trains of pre-", "and post-war times", "pre- and post-war"),
        ("it was the light-", "house that fell", "lighthouse"),
    ],
)
def test_what_a_hyphen_at_the_end_of_a_line_means(
    tmp_path: Path, read: Read, first: str, second: str, meant: str
) -> None:
    content = lines(72, 700, [PROSE[0], f"and so in the summer of that year {first}", second])
    assert meant in words(read(write_pdf(tmp_path / "broken.pdf", [PageSpec(content)])))[0]


def test_a_quotation_begins_with_a_large_initial(tmp_path: Path, read: Read) -> None:
    content = text(72, 686, "“W", size=30, font="F4") + text(
        118, 700, "hen the fog comes, he said, ring", font="F4"
    )
    content += text(118, 686, "the bell of the pier, and ring it when", font="F4") + lines(
        72, 672, PROSE, font="F4"
    )
    (found,) = words(read(write_pdf(tmp_path / "initial.pdf", [PageSpec(content)])))
    assert found.startswith("“When the fog comes, he said, ring the bell of the pier")


def test_a_numbered_title_of_several_lines(tmp_path: Path, read: Read) -> None:
    content = text(72, 740, "5.7.3", size=12, font="F2") + lines(
        112,
        740,
        ["Roof terminal combined duct vertical and", "twin pipe duct vertical"],
        size=12,
        step=16,
        font="F2",
    )
    found = read(write_pdf(tmp_path / "title.pdf", [PageSpec(content + lines(72, 690, PROSE))]))
    assert (found[0].kind, found[0].text) == (
        "heading",
        "5.7.3 Roof terminal combined duct vertical and twin pipe duct vertical",
    )


def test_marks_of_word_in_a_font_by_another_name(tmp_path: Path, read: Read) -> None:
    content = lines(72, 720, ["The crew checks each morning:"])
    for row, item in enumerate(["the fuel", "the oil"]):
        content += f"BT /F9 11 Tf 1 0 0 1 80 {700 - 14 * row} Tm <21> Tj ET\n" + text(
            110, 700 - 14 * row, item
        )
    page = PageSpec(content, fonts={"F9": "100 0 R"})
    found = read(write_pdf(tmp_path / "marks.pdf", [page], more=mapped_font(["\uf0b7"], 100)))
    assert [(element.kind, element.text) for element in found[1:]] == [("list", "• the fuel\n• the oil")]


def test_signs_of_another_font_touch_what_they_join(tmp_path: Path, read: Read) -> None:
    content = "BT 1 0 0 1 72 700 Tm /F1 9 Tf (from 34) Tj /F4 9 Tf (~) Tj /F1 9 Tf (51 degrees) Tj ET\n"
    assert words(read(write_pdf(tmp_path / "range.pdf", [PageSpec(content)]))) == ["from 34~51 degrees"]


def test_names_of_glyphs_that_are_taken_for_dingbats_are_no_words(tmp_path: Path, read: Read) -> None:
    names = " ".join(f"{code} /a{code}" for code in range(46, 123))
    font = f"<< /Type /Font /Subtype /Type1 /BaseFont /ABCDEF+CMR10 /Encoding << /Type /Encoding /Differences [{names}] >> >>"
    content = "BT /F9 12 Tf 1 0 0 1 72 720 Tm (Dispense di algoritmi e strutture dati) Tj ET\n" + lines(
        72, 680, PROSE
    )
    told: list[str] = []
    page = PageSpec(content, fonts={"F9": "100 0 R"})
    found = words(
        read(
            write_pdf(tmp_path / "names.pdf", [page], more=[font]),
            on_warning=lambda what, hint: told.append(what),
        )
    )
    assert found == [" ".join(PROSE)]
    assert len(told) == 1
    assert "fonts of page 1" in told[0]


def test_a_remark_tells_the_words_that_it_marks(tmp_path: Path, read: Read) -> None:
    marked = "<< /Type /Annot /Subtype /Highlight /Rect [72 697 300 711] /QuadPoints [72 711 250 711 72 697 250 697] /T (Berg) /Contents (Still so?) >>"
    page = PageSpec(
        lines(
            72,
            714,
            ["The lock opens at six.", "Boats wait at the north buoy.", "Fees are paid in the house."],
            step=14,
        ),
        annots=[marked],
    )
    assert (
        words(read(write_pdf(tmp_path / "remark.pdf", [page])))[-1]
        == "Berg: Still so? (on “Boats wait at the north buoy”)"
    )


def test_the_layers_of_a_scan_are_one_picture(tmp_path: Path, read: Read) -> None:
    paper = Image.new("RGB", (310, 400), (238, 236, 228))
    ink = Image.new("RGB", (620, 800), (238, 236, 228))
    ImageDraw.Draw(ink).text((60, 80), "Fees of the harbour", fill=(20, 20, 20), font_size=40)
    data = []
    for layer in (paper, ink):
        buffer = io.BytesIO()
        layer.save(buffer, "JPEG")
        data.append(buffer.getvalue())
    page = PageSpec(
        "q 612 0 0 792 0 0 cm /P Do Q q 600 0 0 780 6 6 cm /I Do Q\n", images={"P": data[0], "I": data[1]}
    )
    (found,) = read(write_pdf(tmp_path / "layers.pdf", [page]))
    assert found.picture is not None
    assert found.metadata["whole_page"]
    assert Image.open(io.BytesIO(found.picture.data)).convert("L").getextrema()[0] < 60  # the ink is there


def test_entries_with_labels_beside_are_read_row_by_row(tmp_path: Path, read: Read) -> None:
    content = text(72, 720, "Monday", font="F2")
    for y, label, dish, beside in [
        (690, "Menu 1", ["Lentil soup with the", "bread of the house"], "Salad"),
        (640, "Menu 2", ["Sausage and chips"], "Salad"),
        (590, "Menu 3", ["Fish from the pier"], "Cake"),
    ]:
        content += text(72, y, label, font="F2") + lines(200, y, dish) + text(450, y, beside)
    found = words(read(write_pdf(tmp_path / "menu.pdf", [PageSpec(content)])))
    assert found == [
        "Monday",
        *("Menu 1", "Lentil soup with the bread of the house", "Salad"),
        *("Menu 2", "Sausage and chips", "Salad"),
        *("Menu 3", "Fish from the pier", "Cake"),
    ]


def test_what_a_machine_typed_is_prose_and_a_listing_in_it_is_none(tmp_path: Path, read: Read) -> None:
    content = lines(72, 740, PROSE, font="F3", size=9) + lines(72, 680, CODE, font="F3", size=9)
    other = [
        "Ropes are kept in the loft of the old mill, and nobody may take one of them",
        "without a word to the mate, who has the key.",
    ]
    pages = [PageSpec(content), PageSpec(lines(72, 740, other, font="F3", size=9))]
    found = read(write_pdf(tmp_path / "typed.pdf", pages))
    assert [(element.kind, element.text) for element in found] == [
        ("paragraph", " ".join(PROSE)),
        ("code", "\n".join(CODE)),
        ("paragraph", " ".join(other)),
    ]


def test_underscores_lead_to_numbers_too(tmp_path: Path, read: Read) -> None:
    entries = [("Acknowledgements", "1024"), ("Glossary of the sea", "1101"), ("Index of ships", "1188")]
    content = "".join(
        text(72, 700 - 18 * n, f"{title} {'_' * 46}") + text(500, 700 - 18 * n, page)
        for n, (title, page) in enumerate(entries)
    )
    found = words(read(write_pdf(tmp_path / "contents.pdf", [PageSpec(content)])))
    assert found == [f"{title} … {page}" for title, page in entries]
    form = lines(72, 700, ["Name: ____________________", "Date: ____________________"])
    assert "____" in words(read(write_pdf(tmp_path / "form.pdf", [PageSpec(form)])))[0]


def test_inner_items_of_a_list(tmp_path: Path, read: Read) -> None:
    content = ""
    for row, (inner, mark, item) in enumerate(
        [(0, "•", "Deck"), (1, "o", "wash the planks"), (1, "o", "coil the ropes"), (0, "•", "Engine")]
    ):
        content += text(80 + 18 * inner, 700 - 15 * row, mark) + text(96 + 18 * inner, 700 - 15 * row, item)
    found = read(write_pdf(tmp_path / "duties.pdf", [PageSpec(content)]))
    assert words(found) == ["• Deck\no wash the planks\no coil the ropes\n• Engine"]


def test_a_number_behind_a_hebrew_word(tmp_path: Path, read: Read) -> None:
    shown = list(
        reversed(["ל", "פ", "נ", "י", " ", "כ", "-", "30", " ", "ש", "נ", "ה"])
    )  # as it stands, from left to right
    letters = sorted({letter for part in shown for letter in part})
    codes = "".join(f"{33 + letters.index(letter):02X}" for part in shown for letter in part)
    page = PageSpec(f"BT /F9 11 Tf 1 0 0 1 300 700 Tm <{codes}> Tj ET\n", fonts={"F9": "100 0 R"})
    assert words(read(write_pdf(tmp_path / "years.pdf", [page], more=mapped_font(letters, 100)))) == [
        "לפני כ-30 שנה"
    ]


def test_cards_are_read_one_by_one(tmp_path: Path, read: Read) -> None:
    content = ""
    for row in range(3):
        for column in range(3):
            x, y = 72 + 170 * column, 700 - 110 * row
            content += text(x, y, f"Card {row}{column}", size=12, font="F2")
            content += lines(
                x, y - 16, [f"words of card {row}{column} about", "a boat that came in"], size=9, step=11
            )
    found = words(read(write_pdf(tmp_path / "cards.pdf", [PageSpec(content)])))
    assert all(
        body.startswith(f"words of card {head[5:]}")
        for head, body in zip(found[::2], found[1::2], strict=True)
    )
    assert sorted(found[::2]) == [f"Card {row}{column}" for row in range(3) for column in range(3)]


def test_contents_with_entries_of_several_lines_are_no_table(tmp_path: Path, read: Read) -> None:
    rows = [
        ("Hearing held in October", "1"),
        ("Boehner, a member for the state", ""),
        ("of Ohio", "3"),
        ("Hastings, a member for the state", ""),
        ("of Washington", "69"),
        ("Kildee", "4"),
    ]
    content = "".join(
        text(72, 700 - 13 * n, f"{title} {'.' * ((390 - 5 * len(title)) // 3)}" if page else title)
        + (text(480, 700 - 13 * n, page) if page else "")
        for n, (title, page) in enumerate(rows)
    )
    found = words(read(write_pdf(tmp_path / "hearing.pdf", [PageSpec(content)])))
    assert "\n".join(found).splitlines() == [
        "Hearing held in October … 1",
        "Boehner, a member for the state of Ohio … 3",
        "Hastings, a member for the state of Washington … 69",
        "Kildee … 4",
    ]

from __future__ import annotations

import pytest

from xmrag_plugin.text.labels import caption_kind, find_label, find_labels, is_caption, opening_label


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("as Figure 3 shows", [("figure", "3")]),
        ("(Fig. 3.1a)", [("figure", "3.1a")]),
        ("Fig. 3.1(a) and Fig. S2", [("figure", "3.1a"), ("figure", "s2")]),
        ("Figs. 3 and 4", [("figure", "3"), ("figure", "4")]),
        ("Figures 3–5", [("figure", "3"), ("figure", "4"), ("figure", "5")]),
        ("Figure 2–1 and Figure 2—2", [("figure", "2.1"), ("figure", "2.2")]),
        ("see figure 12-3.", [("figure", "12.3")]),
        ("Supplementary Figure 3, not Figure 3", [("figure", "s3"), ("figure", "3")]),
        ("Table IV lists", [("table", "iv")]),
        ("如图3所示", [("figure", "3")]),
        ("見図 2-1と表4", [("figure", "2.1"), ("table", "4")]),
        ("siehe Abb. 7 und Tabelle 2", [("figure", "7"), ("table", "2")]),
        ("Abbildungen 3 bis 5", [("figure", "3"), ("figure", "4"), ("figure", "5")]),
        ("véanse las figuras 3 y 4 y el cuadro 2", [("figure", "3"), ("figure", "4"), ("table", "2")]),
        ("см. рис. 5 и рисунок 6", [("figure", "5"), ("figure", "6")]),
        ("zie afbeelding 2", [("figure", "2")]),
        ("그림 6을 보라", [("figure", "6")]),
        ("Map 2, Chart 9, Listing 2", [("map", "2"), ("chart", "9"), ("listing", "2")]),
        ("I figure I should go to the table in 1999 bits", []),
        ("configure 3 tables", []),
        ("Notable 5", []),
    ],
)
def test_labels_in_text(text: str, labels: list[tuple[str, str]]) -> None:
    assert [(kind, number) for kind, number, _ in find_labels(text)] == labels


@pytest.mark.parametrize(
    ("text", "shown", "kind"),
    [
        ("Figure 3: The pier", "Figure 3", "figure"),
        ("Fig. 2.1 The pier", "Figure 2.1", "figure"),
        ("**Fig. 2:** A map", "Figure 2", "figure"),
        ("Figure3: The pier", "Figure 3", "figure"),
        ("Figure B: The pier", "Figure B", "figure"),
        ("TABLE IV. Boats", "Table IV", "table"),
        ("TABLE I BOATS", "Table I", "table"),
        ("Table A.2 – Boats", "Table A.2", "table"),
        ("Extended Data Fig. 2 | The pier", "Extended data figure 2", "figure"),
        ("Abb. 7 Hafen", "Abb. 7", "figure"),
        ("Рисунок 3. Причал", "Рисунок 3", "figure"),
        ("Таблица 2 — Суда", "Таблица 2", "table"),
        ("Afbeelding 2: de haven", "Afbeelding 2", "figure"),
        ("Cuadro 4. Barcos", "Cuadro 4", "table"),
        ("Listing 2: the gauge", "Listing 2", "figure"),
        ("图 3 港口", "图3", "figure"),
        ("图3港口分布", "图3", "figure"),
        ("表3-1：船只", "表3-1", "table"),
        ("図2 灯台", "図2", "figure"),
        ("그림 6 항구", "그림6", "figure"),
        ("شكل 3: ميناء", "شكل 3", "figure"),
    ],
)
def test_captions_in_every_language(text: str, shown: str, kind: str) -> None:
    assert (find_label(text), caption_kind(text), is_caption(text)) == (shown, kind, True)


@pytest.mark.parametrize(
    "text",
    [
        "Figure 3 shows the pier",
        "Table 2 and Figure 3 are",
        "figure 3 we see",
        "(Figure 3) shows that the pier stands",
        "Abbildung 3 zeigt den Hafen",
        "La figura 3 muestra el puerto",
        "Рисунок 3 показывает причал",
        "图3显示了港口",
        "Figures are given in tonnes",
        "Table I think is full",
        "Maps1 and others",
        "Revenue, see Figure 3",
        "",
    ],
)
def test_sentences_are_no_captions(text: str) -> None:
    assert not is_caption(text)


def test_a_label_is_one_fact_however_it_is_written() -> None:
    labels = [
        opening_label(text)
        for text in ("Figure 3.1(a): x", "Fig. 3-1a. x", "FIGURE 3.1a – x", "Abb. 3.1a: x")
    ]
    assert {(label.kind, label.number) for label in labels if label} == {("figure", "3.1a")}
    assert None not in labels

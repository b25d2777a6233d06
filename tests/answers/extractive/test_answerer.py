"""The extractive answer: verbatim, cited, and silent when nothing is near."""

from __future__ import annotations

import numpy as np
import pytest

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.extractive.answerer import ABSTENTION, ExtractiveAnswerer
from xmrag_plugin.answers.extractive.question_type import answer_cue
from xmrag_plugin.answers.extractive.totals import find_totals
from xmrag_plugin.types import Key, Modality

TEA = Evidence(
    1,
    "tea",
    "tea.md",
    "Tea is a drink made from leaves. Green tea is brewed at 80 °C for two minutes. "
    "Black tea was first shipped from Canton in 1689 by Thomas Garway. It is cheaper because it keeps well.",
    probability=0.9,
)
SOIL = Evidence(2, "soil", "soil.md", "Clay holds water. Sand drains quickly.", probability=0.4)


def receipt(n: int, source: str, lines: list[str], probability: float = 0.8) -> Evidence:
    ocr = "\n".join(lines)
    return Evidence(n, source, source, ocr, Modality.IMAGE, probability, metadata={Key.OCR: ocr})


SHOP = ["KEDAI MAJU SDN BHD", "12 JALAN BESAR", "DATE : 03/04/2018 10:15"]


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("How hot is green tea brewed?", "Green tea is brewed at 80 °C for two minutes."),
        ("When was black tea shipped?", "Black tea was first shipped from Canton in 1689 by Thomas Garway."),
        ("Who shipped black tea first?", "Black tea was first shipped from Canton in 1689 by Thomas Garway."),
        ("Which soil drains quickly?", "Sand drains quickly."),
    ],
)
def test_best_sentence_is_quoted_verbatim_with_its_number(question: str, quoted: str) -> None:
    answer = ExtractiveAnswerer().answer(question, [TEA, SOIL])
    assert answer.citations[0].quote == quoted
    assert f"“{quoted}” [{answer.citations[0].n}]" in answer.text
    assert not answer.abstained


def test_every_citation_is_verbatim_and_numbered() -> None:
    answer = ExtractiveAnswerer().answer("tea water", [TEA, SOIL])
    texts = {1: TEA.text, 2: SOIL.text}
    assert all(citation.quote in texts[citation.n] for citation in answer.citations)
    assert len(answer.citations) <= 3


def test_nothing_near_is_said() -> None:
    answer = ExtractiveAnswerer().answer("Which volcano erupted near Naples?", [SOIL])
    assert answer.text == ABSTENTION
    assert answer.abstained
    assert answer.citations == []


def test_no_evidence_is_abstention() -> None:
    assert ExtractiveAnswerer().answer("anything", []).abstained


def test_threshold_decides_on_top_probability() -> None:
    question = "Does clay cure headaches?"
    assert not ExtractiveAnswerer().answer(question, [SOIL], abstention_threshold=0.3).abstained
    assert ExtractiveAnswerer().answer(question, [SOIL], abstention_threshold=0.5).abstained


def test_total_of_the_receipt_with_the_date_in_another_writing() -> None:
    right = receipt(
        2,
        "b.jpg",
        [*SHOP, "SOAP 4.00", "RICE 5.50", "SUB TOTAL 9.50", "TOTAL (RM) 10.07", "CASH 20.00", "CHANGE 9.93"],
    )
    wrong = receipt(1, "a.jpg", ["KEDAI MAJU SDN BHD", "DATE : 05/04/2018", "TOTAL 77.00"], 0.85)
    answer = ExtractiveAnswerer().answer(
        "What is the total on the receipt from KEDAI MAJU SDN BHD dated 3 April 2018?", [wrong, right]
    )
    assert answer.citations[0].source == "b.jpg"
    assert "TOTAL (RM) 10.07" in answer.text


def test_totals_by_label_below_arithmetic_and_rounding() -> None:
    columns = ["TOTAL SALES", "CASH", "CHANGE", "45.10", "50.00", "4.90"]
    assert find_totals(columns)[0].value == "45.10"
    taxed = [
        "SUB TOTAL",
        "100.00",
        "GST 6%",
        "6.00",
        "TOTAL",
        "106.00",
        "GST SUMMARY",
        "TOTAL :",
        "100.00",
        "6.00",
    ]
    assert find_totals(taxed)[0].value == "106.00"
    rounded = [
        "TOTAL 33.92",
        "ROUNDING ADJUSTMENT -0.02",
        "TOTAL ROUNDED 33.90",
        "CASH 50.00",
        "CHANGE 16.10",
    ]
    assert find_totals(rounded)[0].value == "33.90"
    misread = ["lotal After Adj Incl GST 88.95", "CASH 100.00", "Change 11.05"]
    assert find_totals(misread)[0].value == "88.95"
    assert find_totals(["HELLO", "WORLD"]) == []


def test_two_receipts_that_fit_as_well_are_both_quoted() -> None:
    lines = ["RESTORAN WAN SHENG", "Date :14-03-201810:22:59"]
    morning = receipt(1, "a.jpg", [*lines, "TOTAL: 4.80"])
    evening = receipt(2, "b.jpg", [*lines, "TOTAL: 2.30"])
    other = receipt(3, "c.jpg", ["RESTORAN WAN SHENG", "Date :19-03-2018", "TOTAL: 6.00"])
    question = "What is the total on the receipt from RESTORAN WAN SHENG dated 14/03/2018?"
    answer = ExtractiveAnswerer().answer(question, [morning, evening, other])
    assert [citation.source for citation in answer.citations] == ["a.jpg", "b.jpg"]


def test_a_date_and_a_name_met_together_pass_the_threshold() -> None:
    right = receipt(1, "a.jpg", ["TASTE SDN BHD", "5/3/201822:52:33", "TOTAL: 4.80"], 0.4)
    question = "What is the total on the receipt from TASTE SDN BHD dated 5/3/2018?"
    assert not ExtractiveAnswerer().answer(question, [right], abstention_threshold=0.5).abstained
    assert (
        ExtractiveAnswerer()
        .answer(question.replace("5/3", "6/3"), [right], abstention_threshold=0.5)
        .abstained
    )


def test_field_on_a_form_is_label_and_value() -> None:
    form = receipt(1, "form.png", ["ACME LTD", "Invoice number", "A-1077", "Due date: 1 May 2020"])
    assert "A-1077" in ExtractiveAnswerer().answer("What is the invoice number?", [form]).text
    assert "1 May 2020" in ExtractiveAnswerer().answer("What is the due date?", [form]).text


def test_figure_is_pointed_to_when_asked_for() -> None:
    figure = Evidence(
        2,
        "fig",
        "tea.md",
        "Figure 3: Harvest of tea by month",
        Modality.IMAGE,
        0.8,
        media_file="/nowhere/x.png",
        metadata={Key.CAPTION: "Figure 3: Harvest of tea by month", Key.LABEL: "Figure 3"},
    )
    answer = ExtractiveAnswerer().answer("Show me the chart of the tea harvest", [TEA, figure])
    assert "[2]" in answer.text
    assert any(citation.n == 2 and citation.media_file for citation in answer.citations)


def test_reference_marks_of_the_document_do_not_pass_for_citations() -> None:
    cited = Evidence(1, "a", "a.md", "Clay holds water, as was shown [7].")
    assert "[7]" not in ExtractiveAnswerer().answer("Does clay hold water?", [cited]).text


def test_chinese_question() -> None:
    page = Evidence(1, "zh", "zh.md", "绿茶用八十度的水冲泡。红茶用沸水冲泡。", probability=0.9)
    answer = ExtractiveAnswerer().answer("红茶用什么水冲泡？", [page])
    assert answer.citations[0].quote == "红茶用沸水冲泡。"


def test_encoder_brings_meaning() -> None:
    class Axis:
        def encode_texts(self, texts, *, role="document"):  # type: ignore[no-untyped-def]
            rows = [
                [1.0, 0.0] if "automobile" in text or "vehicle" in text.lower() else [0.0, 1.0]
                for text in texts
            ]
            return np.asarray(rows, dtype=np.float32)

    page = Evidence(
        1, "v", "v.md", "Bread is baked. A motor vehicle has an engine. Soup is hot.", probability=0.9
    )
    assert (
        ExtractiveAnswerer(Axis()).answer("automobile", [page]).citations[0].quote
        == "A motor vehicle has an engine."
    )
    assert ExtractiveAnswerer().answer("automobile", [page]).abstained


def test_picture_without_words_is_answered_by_the_nearest() -> None:
    answer = ExtractiveAnswerer().answer("", [TEA])
    assert answer.citations[0].n == 1
    assert not answer.abstained


@pytest.mark.parametrize(
    ("question", "kind", "blank"),
    [
        ("What is the total on the receipt from A dated 1/2/2018?", "total", False),
        ("How many regions are there?", "number", False),
        ("When did it open?", "date", False),
        ("Who wrote it?", "person", False),
        ("Where is it?", "place", False),
        ("Why is it red?", "reason", False),
        ("Which figure shows the heart?", "figure", False),
        ("A hypothesis is a(n) ________.", "", True),
    ],
)
def test_answer_cues(question: str, kind: str, blank: bool) -> None:
    cue = answer_cue(question)
    assert (cue.kind, cue.blank) == (kind, blank)


def test_a_blank_is_filled_beside_the_quotation() -> None:
    class Bag:
        """Words as axes: filled and quoted sentences are near when they share words."""

        def encode_texts(self, texts, *, role="document"):  # type: ignore[no-untyped-def]
            rows = np.zeros((len(texts), 40), dtype=np.float32)
            for row, text in zip(rows, texts, strict=True):
                for word in text.lower().replace(".", "").split():
                    row[KNOWN.get(word, 39)] = 1.0
                row /= np.linalg.norm(row) or 1.0
            return rows

    page = Evidence(
        1, "s", "s.md", "Sleepwalking is known as somnambulism. Dreams come at night.", probability=0.9
    )
    answer = ExtractiveAnswerer(Bag()).answer("________ is known as sleepwalking.", [page])
    assert answer.short == "somnambulism"
    assert "“Sleepwalking is known as somnambulism.” [1]" in answer.text


KNOWN = {
    word: place
    for place, word in enumerate(
        ["sleepwalking", "is", "known", "as", "somnambulism", "dreams", "come", "at", "night"]
    )
}

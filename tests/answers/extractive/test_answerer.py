"""The extractive answer: verbatim, cited, and silent when nothing is near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.extractive.answerer import ABSTENTION, ExtractiveAnswerer
from xmrag_plugin.answers.extractive.question_type import read_question
from xmrag_plugin.answers.extractive.sufficiency import Sufficiency
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
    assert all(
        line in texts[citation.n] for citation in answer.citations for line in citation.quote.splitlines()
    )
    assert len(answer.citations) <= 3


def test_nothing_near_is_said() -> None:
    answer = ExtractiveAnswerer().answer("Which volcano erupted near Naples?", [SOIL])
    assert answer.text == ABSTENTION
    assert answer.abstained
    assert answer.citations == []


@pytest.mark.parametrize("said", ["hi", "Hi!", "HI", "ok", "what?", "how are you"])
def test_a_message_that_names_nothing_is_never_answered_by_a_quotation(said: str) -> None:
    spoken = Evidence(
        1, "a", "a.md", "Hi is a greeting. Touch OK to go on. What you are is how you live.", probability=0.9
    )
    lettered = receipt(2, "b.png", ["hi", "ok", "what are you"])
    assert ExtractiveAnswerer().answer(said, [spoken, lettered]).abstained


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How do I turn on the lamp?", "● To turn the lamp on, press the upper key."),
        ("How do I turn off the lamp?", "● To turn off the lamp, press the lower key."),
    ],
)
def test_a_verb_with_another_particle_is_another_word(question: str, first: str) -> None:
    text = (
        "● To turn off the lamp, press the lower key.\n\n● To turn the lamp on, press the upper key.\n\n"
        "The lamp will turn off after an hour, and you switch it off earlier by hand."
    )
    answer = ExtractiveAnswerer(max_quotes=1).answer(
        question, [Evidence(1, "a", "lamp.md", text, probability=0.8)]
    )
    assert first in answer.text


def test_a_verb_with_another_particle_does_not_speak_for_its_page() -> None:
    on = "● When the lamp is dark, hold the upper key to light the lamp.\n\nThe lamp will turn off after an hour."
    off = "● When the lamp is lit, hold the upper key and then touch the lower one.\n\n● The lamp rests for an hour."
    evidence = [
        Evidence(1, "a", "lamp.pdf", on, probability=0.6, metadata={"page": 9}),
        Evidence(2, "b", "lamp.pdf", off, probability=0.2, metadata={"page": 9}),
    ]
    answer = ExtractiveAnswerer(max_quotes=1).answer("How do I turn on the lamp?", evidence)
    assert "hold the upper key to light the lamp" in answer.text


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


def test_a_line_of_code_is_no_label() -> None:
    text = (
        "This loss is called the cross-entropy loss. We can implement it as below.\n\n"
        "def cross_entropy(y_hat, y):\n    ce = -log(y_hat[range(len(y_hat)), y])\n    return ce.mean()\n"
    )
    code = Evidence(1, "loss", "loss.md", text, probability=0.9)
    answer = ExtractiveAnswerer().answer("What is the cross-entropy loss?", [code])
    assert answer.text.startswith("“This loss is called the cross-entropy loss.”")


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


def test_a_drawn_table_that_is_nearer_goes_before_a_sentence_of_another_page() -> None:
    drawn = Evidence(
        1, "t", "report.pdf", "Total current assets\nOther long-term liabilities\nCorvane\n2021", Modality.IMAGE, 0.6,
        metadata={"page": 38, "kind": "table"},
    )  # fmt: skip
    said = "Of the total long-term liabilities of 2021, leases are explained here."
    note = Evidence(2, "n", "report.pdf", said, probability=0.1, metadata={"page": 53})
    question = "What are the total long-term liabilities of Corvane in 2021?"
    answer = ExtractiveAnswerer().answer(question, [drawn, note])
    assert [citation.n for citation in answer.citations] == [1, 2]
    assert answer.text == f"Table [1] “{said}” [2]"
    # An answer of the type that is asked for comes first; and the words that speak of it: beside it, or as probable.
    many = Evidence(
        2,
        "n",
        "report.pdf",
        "In 2021 it had 12 long-term liabilities.",
        probability=0.1,
        metadata={"page": 53},
    )
    counted = ExtractiveAnswerer().answer(
        "How many long-term liabilities has Corvane in 2021?", [drawn, many]
    )
    assert counted.citations[0].n == 2
    for page, probability in ((38, 0.1), (53, 0.5)):
        beside = Evidence(2, "n", "report.pdf", said, probability=probability, metadata={"page": page})
        assert ExtractiveAnswerer().answer(question, [drawn, beside]).citations[0].n == 2


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
    ("question", "kind"),
    [
        ("What does the ticket cost?", "money"),
        ("How many regions are there?", "number"),
        ("When did it open?", "date"),
        ("Wann wurde sie eröffnet?", "date"),
        ("Who wrote it?", "person"),
        ("Qui est la directrice ?", "person"),
        ("¿Dónde está la llave?", "place"),
        ("Why is it red?", "reason"),
        ("Which figure shows the heart?", "figure"),
        ("How do I open it?", "steps"),
        ("怎么打开手表？", "steps"),
    ],
)
def test_kind_of_answer_is_read_off_the_question(question: str, kind: str) -> None:
    assert read_question(question).kind == kind


def test_a_row_is_quoted_under_its_heads_and_the_head_alone_never() -> None:
    table = "| Island | Households supplied |\n| --- | --- |\n| Alba | 410 |\n| Corrie | 640 |"
    page = Evidence(1, "t", "islands.md", table, Modality.TABLE, 0.9)
    answer = ExtractiveAnswerer().answer("How many households does Alba supply?", [page])
    assert answer.text.startswith("“Island: Alba · Households supplied: 410” [1]")
    assert answer.citations[0].quote.splitlines()[0] == "| Alba | 410 |"


def test_steps_are_quoted_in_order_and_whole() -> None:
    text = (
        "The watch has two buttons.\n\nTo turn the watch on:\n\n1. Charge it.\n2. Hold the upper button.\n"
        "3. Choose a language.\n4. Tap Done.\n\nThe strap is of rubber."
    )
    page = Evidence(1, "w", "watch.md", text, probability=0.9)
    answer = ExtractiveAnswerer().answer("How do I turn on the watch?", [page])
    steps = [
        "To turn the watch on:",
        "1. Charge it.",
        "2. Hold the upper button.",
        "3. Choose",
        "4. Tap Done.",
    ]
    places = [answer.text.index(step) for step in steps]
    assert places == sorted(places)
    assert "rubber" not in answer.text


def test_a_question_of_two_things_is_answered_from_both_sources() -> None:
    tide = Evidence(1, "a", "a.md", "The Alba turbine was commissioned in 2027.", probability=0.9)
    wind = Evidence(2, "b", "b.md", "The Corrie windmill stands on Gull Hill.", probability=0.5)
    answer = ExtractiveAnswerer().answer(
        "When was the Alba turbine commissioned and where does the Corrie windmill stand?", [tide, wind]
    )
    assert [citation.n for citation in answer.citations] == [1, 2]


def test_each_source_is_cited_once_in_order_of_first_mention() -> None:
    page = Evidence(
        2,
        "a",
        "a.md",
        "Clay soil holds water well. Clay pots leak when unglazed. Sand drains.",
        probability=0.8,
    )
    other = Evidence(1, "b", "b.md", "Clay is fired to make pots.", probability=0.8)
    answer = ExtractiveAnswerer().answer(
        "Which clay pots leak and which clay soil holds water?", [other, page]
    )
    numbers = [citation.n for citation in answer.citations]
    assert len(numbers) == len(set(numbers))
    assert numbers == sorted(numbers, key=lambda n: answer.text.index(f"[{n}]"))


@pytest.mark.parametrize("question", ["hi", "r", "?", "hello there"])
def test_loose_lettering_and_names_of_files_are_no_quotations(question: str) -> None:
    sign = receipt(1, "r.png", ["r", "|", "IMG_2041"], 0.9)
    named = Evidence(2, "p", "photos/harbour.jpg", "harbour.jpg", Modality.IMAGE, 0.8)
    answer = ExtractiveAnswerer().answer(question, [sign, named])
    assert answer.abstained
    assert "“" not in answer.text


def test_superscripts_stay() -> None:
    page = Evidence(1, "s", "s.md", "A galaxy holds 10¹¹ stars, about 10⁷ of them giants.", probability=0.9)
    assert "10¹¹" in ExtractiveAnswerer().answer("How many stars does a galaxy hold?", [page]).text


SOUND = Evidence(
    1,
    "o",
    "overview.md",
    "The cable comes ashore at Port Luan. Together the turbines supply the 410 households of the island. "
    "The station belongs to a cooperative in which every household holds one share.",
    probability=0.9,
)


def test_a_thing_that_no_node_speaks_of_is_refused() -> None:
    answer = ExtractiveAnswerer().answer("What is the population of Port Luan?", [SOUND])
    assert answer.abstained
    assert answer.text == ABSTENTION
    assert not ExtractiveAnswerer().answer("Where does the cable of Port Luan go?", [SOUND]).abstained


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is the email address of Ada Brink?", "Ada Brink, harbour master: brink@port-luan.example"),
        (
            "Wie lautet die E-Mail-Adresse von Ada Brink?",
            "Ada Brink, Hafenmeisterin: brink@port-luan.example",
        ),
        ("What is the phone number of Ada Brink?", "Ada Brink, harbour master: 07-386 7524"),
        ("Quel est le numéro de téléphone d'Ada Brink ?", "Ada Brink, capitaine : +33 4 72 00 11 22"),
        ("What is the web address of the port?", "More of the port: www.port-luan.example/tides"),
    ],
)
def test_an_address_is_told_where_one_is_written_and_refused_elsewhere(question: str, said: str) -> None:
    other = Evidence(
        1, "a", "staff.md", "Ada Brink has been harbour master of the port since 2019.", probability=0.9
    )
    held = Evidence(2, "b", "contacts.md", said, probability=0.8)
    answer = ExtractiveAnswerer().answer(question, [other, held])
    assert answer.text.startswith(f"“{said}” [2]")
    assert ExtractiveAnswerer().answer(question, [other]).abstained


def test_the_number_of_the_thing_that_is_counted_comes_first() -> None:
    answer = ExtractiveAnswerer().answer("How many households does the station supply?", [SOUND])
    assert answer.text.startswith("“Together the turbines supply the 410 households of the island.” [1]")


def test_a_minimum_of_confidence_refuses_more() -> None:
    sure = ExtractiveAnswerer().answer("How hot is green tea brewed?", [TEA])
    assert 0 < sure.confidence < 1
    strict = ExtractiveAnswerer(min_confidence=sure.confidence + 0.01)
    assert strict.answer("How hot is green tea brewed?", [TEA]).abstained


def probability(
    answerable: float, coverage: float, lead: float | None, *others: float, question: str = "x"
) -> float:
    told = {Key.ANSWERABLE: answerable} | ({} if lead is None else {Key.LEAD: lead})
    first = Evidence(1, "a", "a", "x", probability=0.2, metadata=told)
    rest = [Evidence(n, "b", f"b{n}", "x", probability=p, metadata=told) for n, p in enumerate(others, 2)]
    return Sufficiency().probability(question, [first, *rest], coverage)


def test_confidence_grows_with_each_of_its_numbers() -> None:
    least = probability(0.5, 0.4, 0.0, 0.2)
    assert probability(0.9, 0.4, 0.0, 0.2) > least
    assert probability(0.5, 0.8, 0.0, 0.2) > least
    assert probability(0.5, 0.4, 2.0, 0.2) > least
    assert probability(0.5, 0.4, 0.0) > least > probability(0.5, 0.4, 0.0, 0.2, 0.2), "one source, or several"


def test_what_is_found_by_what_it_shows_is_judged_by_the_collection_alone() -> None:
    assert probability(0.6, 0.1, None) == 0.6
    assert probability(0.6, 0.1, 0.0) < 0.6, "it was found by words, and holds few of the question's"


def test_what_the_question_names_is_held_by_the_collection() -> None:
    page = Evidence(1, "p", "a.pdf", "Fees are due.", probability=0.2, metadata={"page": 3, Key.LEAD: 4.0})
    assert page.answerable == 0.2
    named, unnamed = (
        Sufficiency().probability(question, [page], 0.5)
        for question in ("What is said on page 3?", "What is said on page 9?")
    )
    assert unnamed == pytest.approx(0.2 * named)


def test_a_question_near_the_collection_is_refused_where_nothing_stands_together() -> None:
    words = ["The tides of Orvel are high.", "A ferry leaves at noon.", "Wrecks lie in the north."]
    told = {Key.ANSWERABLE: 0.99, Key.LEAD: -3.0}
    apart = [
        Evidence(n, f"n{n}", f"{n}.md", text, probability=0.2, metadata=told)
        for n, text in enumerate(words, 1)
    ]
    question = "Which engineer of Orvel designed the harbour wall in winter?"
    assert ExtractiveAnswerer().answer(question, apart, abstention_threshold=0.3).abstained
    held = replace(
        apart[0],
        text="The engineer of Orvel who designed the harbour wall in winter was Ida Brook.",
        metadata={**told, Key.LEAD: 3.0},
        probability=0.9,
    )
    answer = ExtractiveAnswerer().answer(question, [held, *apart[1:]], abstention_threshold=0.3)
    assert "Ida Brook" in answer.text


def test_what_a_named_page_shows_is_pointed_to_where_no_words_answer() -> None:
    cover = Evidence(
        1, "f", "report.pdf", "Follow us", "image", 0.01, metadata={"page": 1, Key.ANSWERABLE: 0.01}
    )
    prose = Evidence(2, "t", "report.pdf", "Fees are due in May.", probability=0.02, metadata={"page": 2})
    answer = ExtractiveAnswerer().answer(
        "How many dogs are on the cover page?", [prose, cover], abstention_threshold=0.25
    )
    assert [citation.node_id for citation in answer.citations] == ["f"]
    assert ExtractiveAnswerer().answer("How many dogs are there?", [prose, cover]).abstained


def test_the_number_of_a_page_and_a_column_of_labels_answer_nothing() -> None:
    sheet = Evidence(
        1, "s", "sheet.pdf", "Page 1\n\nFinance liabilities\nOperating liabilities\n\nLiabilities in total were 41,190.",
        probability=0.6,
    )  # fmt: skip
    answer = ExtractiveAnswerer().answer("What are the liabilities?", [sheet])
    assert answer.text.startswith("“Liabilities in total were 41,190.”")
    assert "Page 1" not in ExtractiveAnswerer().answer("What is on the page?", [sheet]).text


def test_the_page_and_figure_that_a_question_names_go_first() -> None:
    pages = [
        Evidence(
            n, f"p{n}", "report.pdf", f"The hall of floor {n} seats {40 + n} people.", metadata={"page": n}
        )
        for n in (1, 2, 3)
    ]
    answer = ExtractiveAnswerer().answer("How many people does the hall on page 3 seat?", pages)
    assert answer.citations[0].n == 3
    figures = [
        replace(pages[0], metadata={"page": 7, "label": "Figure 1", "caption": "Figure 1: the hall"}),
        replace(pages[1], metadata={"page": 8, "label": "Figure 2", "caption": "Figure 2: the hall"}),
    ]
    answer = ExtractiveAnswerer().answer("How many people does the hall in Figure 2 seat?", figures)
    assert answer.citations[0].n == 2


def test_the_rest_of_a_page_speaks_for_a_sentence_on_it() -> None:
    held = [
        Evidence(1, "a", "report.pdf", "The total rose to 310 units.", metadata={"page": 4}),
        Evidence(2, "b", "report.pdf", "The total rose to 520 units.", metadata={"page": 9}),
        Evidence(
            3, "c", "report.pdf", "", Modality.IMAGE, metadata={"page": 9, "caption": "The ferry to Orvel"}
        ),
    ]
    answer = ExtractiveAnswerer().answer("To what did the total for the Orvel ferry rise?", held)
    assert "520" in answer.text
    assert answer.text.find("310") < 0 or answer.text.find("310") > answer.text.find("520")


def test_a_named_page_is_quoted_for_what_it_is_asked_for() -> None:
    pages = [
        Evidence(
            n, f"p{n}", "hearing.pdf", text, probability=0.01, metadata={"page": n, Key.ANSWERABLE: 0.02}
        )
        for n, text in ((1, "Committee on Education\n\nOctober 7, 2003"), (2, "The chairman was late."))
    ]
    answer = ExtractiveAnswerer().answer(
        "Which date stands at the beginning of page 1?", pages, abstention_threshold=0.25
    )
    assert answer.citations[0].n == 1
    assert "October 7, 2003" in answer.text

"""What is quoted and what is passed over: headings, heads of tables, rows of other years, loose labels."""

from __future__ import annotations

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.extractive.answerer import ExtractiveAnswerer
from xmrag_plugin.types import Key, Modality


def lettering(n: int, source: str, lines: list[str]) -> Evidence:
    ocr = "\n".join(lines)
    return Evidence(n, source, source, ocr, Modality.IMAGE, 0.8, metadata={Key.OCR: ocr})


def test_what_points_at_an_answer_is_not_quoted_before_it() -> None:
    text = (
        "5.1 Battery of the lamp\n\nHow long does the battery of the lamp last?\n\n"
        "The battery of the lamp is described as follows:\n\nIt lasts nine hours when the battery is new."
    )
    item = Evidence(1, "a", "lamp.md", text, metadata={Key.HEADING_PATH: "Lamp > The battery of the lamp"})
    answer = ExtractiveAnswerer().answer("How long does the battery of the lamp last?", [item])
    assert answer.citations[0].quote == "It lasts nine hours when the battery is new."


def test_a_sentence_with_a_colon_that_holds_the_answer_is_quoted() -> None:
    item = Evidence(
        1, "a", "shops.md", "In 2021 we ran 815 warehouses:\n\nThe law was obeyed in every warehouse."
    )
    answer = ExtractiveAnswerer().answer("How many warehouses did we run in 2021?", [item])
    assert answer.text.startswith("“In 2021 we ran 815 warehouses:”")


def test_a_list_that_its_lead_names_is_quoted_whole() -> None:
    text = "Open software\n\nKey benefits:\n\n- Open software costs less.\n- It is open to review.\n- A community keeps it.\n\nKey risks:\n\n- Nobody answers."
    item = Evidence(1, "a", "slides.pptx", text)
    quoted = ExtractiveAnswerer().answer("What are the benefits of open software?", [item]).citations[0].quote
    assert quoted.splitlines() == [
        "- Open software costs less.", "- It is open to review.", "- A community keeps it.",
    ]  # fmt: skip


def test_a_label_is_not_paired_with_what_stands_behind_its_list() -> None:
    item = Evidence(1, "a", "slides.pptx", "Opening hours:\n- from nine to five\nPrices of the pool")
    assert (
        "Opening hours: Prices" not in ExtractiveAnswerer().answer("What are the opening hours?", [item]).text
    )


def test_only_the_row_of_the_number_that_is_asked_for_is_quoted() -> None:
    table = "| Year | Ducks |\n| --- | --- |\n| 2019 | 200 |\n| 2020 | 230 |\n| 2021 | 250 |"
    item = Evidence(1, "a", "ducks.xlsx", table, Modality.TABLE)
    assert ExtractiveAnswerer().answer("How many ducks were there in 2020?", [item]).text == (
        "“Year: 2020 · Ducks: 230” [1]"
    )


def test_a_word_with_its_number_tells_rows_apart() -> None:
    table = "|  | Series 1 | Series 2 |\n| --- | --- | --- |\n| Category 2 | 2.5 | 4.4 |\n| Category 3 | 3.5 | 1.8 |"
    item = Evidence(1, "a", "chart.docx", table, Modality.TABLE)
    answer = ExtractiveAnswerer().answer("How high is Series 2 in Category 3?", [item])
    assert answer.text.startswith("“Category 3 · Series 1: 3.5 · Series 2: 1.8”")


def test_a_title_over_a_table_heads_no_column() -> None:
    table = "| Staff of the ferry by harbour |  |  |\n| --- | --- | --- |\n| Orvel | 12 | 3 |"
    item = Evidence(1, "a", "staff.pdf", table, Modality.TABLE)
    assert (
        ExtractiveAnswerer().answer("What staff has the ferry in Orvel?", [item]).text
        == "“Orvel · 12 · 3” [1]"
    )


def test_the_row_of_lettering_comes_before_its_head() -> None:
    lines = ["Category Participants Ballots Accuracy", "Blind 5 1 34.5%", "Dexterity 4 4 98.3%"]
    answer = ExtractiveAnswerer().answer(
        "What accuracy had the category dexterity?", [lettering(1, "a.png", lines)]
    )
    assert answer.text.startswith("“Dexterity 4 4 98.3%”")


def test_the_number_of_a_form_is_asked_for_by_any_of_its_names() -> None:
    lines = ["Bill no. 3139", "Net 40.00", "Tax 4.00", "Bill amount 44.00"]
    answer = ExtractiveAnswerer().answer("What is the bill number?", [lettering(1, "a.png", lines)])
    assert answer.text.startswith("“Bill no. 3139”")


def test_labels_that_were_drawn_are_pointed_to_and_not_read_out() -> None:
    labels = "ASSETS Cash Inventories Total assets LIABILITIES AND EQUITY Accounts payable Accrued expenses Debt Leases Other Common stock Earnings Total equity Total liabilities"
    item = Evidence(1, "a", "report.pdf", labels, Modality.IMAGE, metadata={Key.KIND: "table"})
    answer = ExtractiveAnswerer().answer("What are the total liabilities and equity?", [item])
    assert answer.text == "Table [1]"


def test_brackets_that_lost_their_link_are_not_shown() -> None:
    item = Evidence(1, "a", "book.md", "Mnemonic devices help us remember ().")
    assert ExtractiveAnswerer().answer("What helps us remember?", [item]).text == (
        "“Mnemonic devices help us remember.” [1]"
    )


def test_somebody_named_in_full_is_answered_of_whatever_the_collection_is_like() -> None:
    known = {Key.ANSWERABLE: 0.02}
    bill = Evidence(
        1, "a", "bill.txt", "Robert Schneider AG\nTelefon: 059/987 6540", probability=0.01, metadata=known
    )
    other = Evidence(2, "b", "cats.txt", "Cats sleep.", probability=0.01, metadata=known)
    asked = "telefon of robert schneider?"
    assert "059/987 6540" in ExtractiveAnswerer().answer(asked, [bill, other], abstention_threshold=0.25).text
    assert ExtractiveAnswerer().answer(
        "What is the tax number of Robert Miller in Lyon?", [bill, other], abstention_threshold=0.25
    ).abstained  # fmt: skip


def test_empty_brackets_go_where_a_link_was_and_stay_where_a_function_is_called() -> None:
    item = Evidence(1, "a", "lamp.md", "The lamp is lit by lamp_on() since the storm of 2029 ().")
    answer = ExtractiveAnswerer().answer("Since when is the lamp lit by lamp_on?", [item])
    assert answer.text == "“The lamp is lit by lamp_on() since the storm of 2029.” [1]"


def test_a_sentence_before_a_colon_is_no_label() -> None:
    text = (
        "There have been some changes of the colours since\nthe harbour of the old town was widened in 1992: In the years after it we"
        "\n\nThe harbour shows 256 colours."
    )
    item = Evidence(1, "a", "harbour.md", text)
    answer = ExtractiveAnswerer().answer("Does the harbour show 256 colours?", [item])
    assert answer.citations[0].quote.startswith("The harbour shows 256 colours.")

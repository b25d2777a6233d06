"""Values with their labels on bills of five languages: as text, as a table, and read off a picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.extractive.answerer import ExtractiveAnswerer
from xmrag_plugin.answers.extractive.fields import read_fields
from xmrag_plugin.types import Key, Modality

BILLS = {
    "en": (
        ["HARBOUR CHANDLERS LTD", "Invoice number: A-1077", "Date: 3 April 2024", "Rope 2 x 12.50 25.00",
         "Shackle 4 x 3.00 12.00", "Subtotal 37.00", "VAT 20 % 7.40", "Total 44.40", "Due date: 1 May 2024"],
        [("What is the total?", "44.40"), ("What is the invoice number?", "A-1077"),
         ("What is the due date of the invoice?", "1 May 2024")],
    ),
    "de": (
        ["Möller Schiffsbedarf GmbH", "Rechnungsnummer: R-2024-17", "Rechnungsdatum: 03.04.2024",
         "Tauwerk 2 x 75,00 150,00", "Anker 1 x 56,72 56,72", "Zwischensumme 206,72 EUR", "MwSt. 19 % 39,28 EUR",
         "Endbetrag 246,00 EUR", "Zahlbar bis: 01.05.2024"],
        [("Wie hoch ist der Endbetrag?", "246,00"), ("Wie lautet die Rechnungsnummer?", "R-2024-17"),
         ("Wie hoch ist die Zwischensumme der Rechnung?", "206,72")],
    ),
    "fr": (
        ["Comptoir de la Mer", "Facture n° : F-318", "Date : 3 avril 2024", "Cordage 2 x 40,00 80,00",
         "Total HT 80,00 €", "TVA 20 % 16,00 €", "Net à payer 96,00 €"],
        [("Quel est le net à payer ?", "96,00"), ("Quel est le montant de la TVA ?", "16,00")],
    ),
    "es": (
        ["Efectos Navales del Sur", "Factura: S-52", "Fecha: 3 de abril de 2024", "Cabo 2 x 30,00 60,00",
         "Base imponible 60,00 €", "IVA 21 % 12,60 €", "Importe total 72,60 €"],
        [("¿Cuál es el importe total de la factura?", "72,60"), ("¿Cuál es la base imponible?", "60,00")],
    ),
    "zh": (
        ["海港船具商店", "发票号码：88123", "日期：2024年4月3日", "缆绳 2 150.00", "锚 1 96.00", "小计 246.00",
         "税额 14.76", "应付总额 260.76"],
        [("应付总额是多少？", "260.76"), ("发票号码是什么？", "88123")],
    ),
}  # fmt: skip
CASES = [
    (language, question, value)
    for language, (_, asked) in BILLS.items()
    for question, value in asked
]  # fmt: skip


def first_quote(question: str, evidence: Evidence) -> str:
    answer = ExtractiveAnswerer().answer(question, [evidence])
    assert answer.citations[0].n == 1
    return answer.text.split("” [1]")[0]


@pytest.mark.parametrize(("language", "question", "value"), CASES)
def test_lettering(language: str, question: str, value: str) -> None:
    ocr = "\n".join(BILLS[language][0])
    bill = Evidence(1, "b", "bill.png", ocr, Modality.IMAGE, 0.8, metadata={Key.OCR: ocr})
    assert value in first_quote(question, bill)


@pytest.mark.parametrize(("language", "question", "value"), CASES)
def test_text_of_a_document(language: str, question: str, value: str) -> None:
    assert value in first_quote(
        question, Evidence(1, "b", "bill.txt", "\n".join(BILLS[language][0]), probability=0.8)
    )


@pytest.mark.parametrize(("language", "question", "value"), CASES)
def test_table(language: str, question: str, value: str) -> None:
    rows = []
    for field in read_fields(BILLS[language][0]):
        rows.append(f"| {field.label} | {field.value} |")
    table = "\n".join(["| | |", "| --- | --- |", *rows])
    assert value in first_quote(question, Evidence(1, "b", "bill.md", table, Modality.TABLE, 0.8))


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_picture_through_ocr(language: str) -> None:
    ocr_describer = pytest.importorskip("xmrag_plugin.describers.ocr")
    pytest.importorskip("rapidocr")
    lines, asked = BILLS[language]
    picture = Image.new("RGB", (900, 60 + 64 * len(lines)), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(34)
    for row, line in enumerate(lines):
        label, _, value = line.rpartition(" ")
        draw.text((40, 40 + 64 * row), label, "black", font)
        draw.text((620, 40 + 64 * row), value, "black", font)
    held = io.BytesIO()
    picture.save(held, "PNG")
    ocr = ocr_describer.OcrDescriber().read(held.getvalue()).text
    bill = Evidence(1, "b", "bill.png", ocr, Modality.IMAGE, 0.8, metadata={Key.OCR: ocr})
    question, value = asked[0]
    digits = value.replace(",", "").replace(".", "")
    assert digits in first_quote(question, bill).replace(",", "").replace(".", "")


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        (["TOTAL SALES", "CASH", "CHANGE", "45.10", "50.00", "4.90"], [("TOTAL SALES", "45.10"), ("CHANGE", "4.90")]),
        (["Invoice number", "A-1077"], [("Invoice number", "A-1077")]),
        (["Cashier:", "MANIS"], [("Cashier", "MANIS")]),
        (["Solde dû ........ CHF 1'234.50"], [("Solde dû", "CHF 1'234.50")]),
        (["合计：¥246.00"], [("合计", "¥246.00")]),
        (["Opened 10:15"], [("Opened", "10:15")]),
        (["| Item | Price |", "|---|---|", "| Rope | 12.50 |"], [("Rope Price", "12.50")]),
    ],
)  # fmt: skip
def test_values_beside_below_and_in_rows(lines: list[str], pairs: list[tuple[str, str]]) -> None:
    found = [(field.label, field.value) for field in read_fields(lines)]
    assert all(pair in found for pair in pairs)


def test_the_mark_of_a_footnote_is_no_value() -> None:
    assert read_fields(["Finance lease liabilities (2)", "Operating lease liabilities (3)"]) == []
    assert [field.value for field in read_fields(["Loss (27)", "Change (2) (3)"])] == ["(27)", "(2) (3)"]


def test_prose_and_rules_have_no_fields() -> None:
    assert read_fields(["HELLO", "WORLD"]) == []
    assert read_fields(["------", "****"]) == []
    assert read_fields([]) == []


@pytest.mark.parametrize(
    ("lines", "question", "quoted"),
    [
        # The table of taxes has a total of its own, of the larger part.
        (["Total sales incl. VAT 106.00", "Cash 120.00", "Change 14.00", "Net Tax", "S 100.00 6.00", "Total 100.00 6.00"],
         "What is the total?", "Total sales incl. VAT 106.00"),
        (["Zwischensumme 100,00", "MwSt. 19,00", "Summe Rechnung 119,00", "Netto MwSt.", "Summe 100,00 19,00"],
         "Wie hoch ist die Summe?", "Summe Rechnung 119,00"),
        (["Subtotal 37.00", "VAT 7.40", "Total 44.40"], "What is the subtotal?", "Subtotal 37.00"),
        (["Total VAT 6.00", "Total sales 100.00", "Total gross 106.00"], "What is the total VAT?", "Total VAT 6.00"),
        # What is rounded below is followed to what comes of it.
        (["Total CHF 33.92", "Rounding -0.02", "To pay CHF 33.90"], "What is the total?",
         "Total CHF 33.92 · Rounding -0.02 · To pay CHF 33.90"),
        (["Total TTC 33,92", "Arrondi 0,03", "33,95"], "Quel est le total ?", "Total TTC 33,92 · Arrondi 0,03 · 33,95"),
        (["Total 50.00", "Cash 30.00", "Card 20.00"], "What is the total?", "Total 50.00"),
        # Of two, the one that was paid.
        (["Total order 31.00", "Total invoice 32.70", "Cash 40.00", "Change 7.30"], "What is the total?",
         "Total invoice 32.70"),
    ],
)  # fmt: skip
def test_of_several_totals_the_one_that_is_meant(lines: list[str], question: str, quoted: str) -> None:
    ocr = "\n".join(lines)
    bill = Evidence(1, "b", "bill.png", ocr, Modality.IMAGE, 0.8, metadata={Key.OCR: ocr})
    assert first_quote(question, bill) == f"“{quoted}"


def test_an_amount_is_quoted_once() -> None:
    ocr = "\n".join(["Total 7.00", "Total with tax 7.00", "Total items 3"])
    bill = Evidence(1, "b", "bill.png", ocr, Modality.IMAGE, 0.8, metadata={Key.OCR: ocr})
    assert (
        ExtractiveAnswerer().answer("What is the total?", [bill]).text
        == "“Total 7.00” [1] “Total items 3” [1]"
    )


@pytest.mark.parametrize(
    ("lines", "pair", "places"),
    [
        (["TOTAL", "USD", "42.40", "PAID"], ("TOTAL", "42.40"), (0, 2)),
        (["SUMME", ":", "42,40"], ("SUMME", "42,40"), (0, 2)),
        (["TOTAL INCL. VAT 6%", "RM 5.90", "CASH"], ("TOTAL INCL. VAT 6%", "RM 5.90"), (0, 1)),
    ],
)
def test_what_a_scanner_tore_apart(lines: list[str], pair: tuple[str, str], places: tuple[int, int]) -> None:
    found = {(field.label, field.value): field.lines for field in read_fields(lines)}
    assert found[pair] == places

"""Values with their labels on bills of five languages: as text, as a table, and read off a picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.extractive.answerer import ExtractiveAnswerer
from xmrag_plugin.answers.extractive.fields import read_fields, whole_of_parts
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


def test_prose_and_rules_have_no_fields() -> None:
    assert read_fields(["HELLO", "WORLD"]) == []
    assert read_fields(["------", "****"]) == []
    assert read_fields([]) == []


def test_the_whole_is_told_from_its_parts() -> None:
    lines = ["Net 100.00", "Tax 6.00", "Gross 106.00"]
    assert [boost > 0 for boost in whole_of_parts(["100.00", "6.00", "106.00"], lines)] == [
        False,
        False,
        True,
    ]

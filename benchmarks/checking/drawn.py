"""Whether it is right to point to a drawn table or chart before a sentence of another page is quoted.

    python benchmarks/checking/drawn.py FOLDER [--reports 8] [--seed 1]

Reports are written by code, as PDFs: of half of the subjects of each, the values stand in a chart (bars with names) or in
a table (labels that can be read, numbers drawn as outlines), and another page speaks of the subject without them; of the
other half a sentence holds the values, and a chart of another measure of the same subject stands on another page. Each
subject is asked for in three wordings. Told is how often the first citation is on the right page, as the answerer does it
and without its rule, by what holds the answer; ``changed`` counts answers that the rule changed. Without OCR, with which
the drawn numbers would be read and quoted.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import matplotlib
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.context import evidence_from_nodes
from xmrag_plugin.answers.context_order import arrange
from xmrag_plugin.answers.extractive import answerer

PLACES = (
    "Orvel",
    "Tamsin",
    "Corrie",
    "Skarva",
    "Luan",
    "Brede",
    "Hollin",
    "Marsk",
    "Velde",
    "Isker",
    "Norrby",
    "Petrel",
)
MEASURES = (
    ("ferry passengers", "thousands", "the crossing to the outer islands", "timetable"),
    ("apple harvest", "tonnes", "the orchards behind the dunes", "frost"),
    ("water consumption", "megalitres", "the mains below the old town", "leaks"),
    ("library loans", "thousands", "the branch beside the market", "opening hours"),
    ("herring landings", "tonnes", "the quay of the north basin", "quotas"),
    ("hospital admissions", "cases", "the ward above the gardens", "staffing"),
    ("solar output", "megawatt hours", "the roofs of the schools", "inverters"),
    ("road repairs", "kilometres", "the pass to the quarries", "gravel"),
    ("museum visits", "thousands", "the hall of the old mint", "exhibitions"),
    ("glass recycling", "tonnes", "the depot at the mill", "containers"),
    ("wool exports", "bales", "the sheds along the canal", "tariffs"),
    ("school enrolment", "pupils", "the valley of three rivers", "transport"),
)
OTHER = ("staff hours by month", "complaints by month", "spending by month")
MONTHS = ("January", "February", "March", "April", "May", "June")
YEARS = (2019, 2020, 2021, 2022)
ASKED = (
    "What were the {measure} of {place} in {year}?",
    "How many {unit} did the {measure} of {place} come to in {year}?",
    "{place}: {measure} in the year {year}",
)


@dataclass(frozen=True)
class Question:
    """A question, the page that answers it, and what stands there."""

    text: str
    source: str
    page: int
    kind: str


def _sheet(heading: str, paragraphs: list[str]) -> Figure:
    sheet = Figure(figsize=(8.27, 11.69))
    sheet.text(0.1, 0.93, heading, fontsize=15, weight="bold")
    y = 0.89
    for paragraph in paragraphs:
        for line in textwrap.wrap(paragraph, 88):
            sheet.text(0.1, y, line, fontsize=10)
            y -= 0.018
        y -= 0.014
    return sheet


def _chart(sheet: Figure, title: str, names: list[str], values: list[float], unit: str) -> None:
    axes = sheet.add_axes((0.15, 0.35, 0.7, 0.3))
    axes.bar(names, values, color="#3366aa")
    axes.set_title(title)
    axes.set_ylabel(unit)


def _table(sheet: Figure, title: str, labels: list[str], heads: list[str], values: list[list[int]]) -> None:
    axes = sheet.add_axes((0.1, 0.35, 0.8, 0.3))
    axes.set_axis_off()
    axes.set_xlim(0, len(heads) + 2)
    axes.set_ylim(0, len(labels) + 2)
    axes.text(0, len(labels) + 1.4, title, weight="bold")
    for row in range(len(labels) + 2):
        axes.plot([0, len(heads) + 2], [row, row], color="black", linewidth=0.7)
    for place, head in enumerate(heads):
        axes.text(place + 2, len(labels) + 0.3, head)
    for row, label in enumerate(labels):
        y = len(labels) - row - 0.7
        axes.text(0.05, y, label)
        for place, value in enumerate(values[row]):
            axes.add_patch(PathPatch(TextPath((place + 2, y), str(value), size=0.32), color="black"))


def _plain(measure: tuple[str, str, str, str], place: str) -> list[str]:
    """Paragraphs about a subject that hold no value of it."""
    name, _, where, cause = measure
    return [
        f"The {name} of {place} are decided by {where}. The council has looked at {cause} again, and asks the districts to "
        f"say until the autumn what they expect.",
        f"What was said of {cause} in former reports holds for {place} still: plans are made for several years, and the "
        f"{name} follow them slowly. A working group of {place} meets each quarter and hears those who live there.",
        f"Where {cause} cannot be changed, the districts help each other. {place} has lent people and tools, and was thanked.",
    ]


def write_reports(folder: Path, count: int, seed: int) -> list[Question]:
    """Write the reports, and return the questions."""
    drawn = random.Random(seed)
    questions = []
    for number in range(count):
        name = f"report-{number}.pdf"
        chosen = drawn.sample(MEASURES, 6)
        places = drawn.sample(PLACES, 6)
        sheets: list[tuple[Question | None, Figure]] = []
        with (
            matplotlib.rc_context({"pdf.fonttype": 42}),
            PdfPages(folder / name) as pages,
        ):  # letters that can be read
            for place_in_report, (measure, place) in enumerate(zip(chosen, places, strict=True)):
                title, unit = measure[0], measure[1]
                values = [drawn.randrange(120, 980) for _ in YEARS]
                year = drawn.randrange(len(YEARS))
                wording = ASKED[drawn.randrange(len(ASKED))]
                asked = wording.format(measure=title, unit=unit, place=place, year=YEARS[year])
                kind = ("chart", "sentence", "table", "sentence")[place_in_report % 4]
                heads = [str(each) for each in YEARS]
                about = _plain(measure, place)
                if kind == "sentence":
                    said = ", ".join(
                        f"{value} {unit} in {each}" for value, each in zip(values, YEARS, strict=True)
                    )
                    about.insert(1, f"For {place} the {title} are reported as {said}.")
                    other = _sheet(f"Measures of {place}", [f"What else was counted in {place}."])
                    extra = drawn.choice(OTHER)
                    _chart(
                        other, f"{title.capitalize()} of {place}: {extra}", list(MONTHS),
                        [drawn.randrange(10, 90) for _ in MONTHS], "count",
                    )  # fmt: skip
                    holding = _sheet(title.capitalize(), about)
                    sheets += [(None, other), (Question(asked, name, 0, kind), holding)]
                    continue
                holding = _sheet(
                    "Figures of the districts", ["The districts sent these numbers in the spring."]
                )
                if kind == "chart":
                    _chart(holding, f"{title.capitalize()} of {place} ({unit})", heads, values, unit)
                else:
                    rows = [f"{title.capitalize()}, {each}" for each in (place, *drawn.sample(places, 2))]
                    _table(
                        holding, f"{title.capitalize()} ({unit})", rows, heads,
                        [values, *([drawn.randrange(120, 980) for _ in YEARS] for _ in rows[1:])],
                    )  # fmt: skip
                sheets += [
                    (Question(asked, name, 0, kind), holding),
                    (None, _sheet(title.capitalize(), about)),
                ]
            drawn.shuffle(sheets)
            for page, (question, sheet) in enumerate(sheets, 1):
                pages.savefig(sheet)
                if question is not None:
                    questions.append(Question(question.text, name, page, question.kind))
    return questions


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", type=Path, help="empty, or not there yet: for the reports and the knowledge base"
    )
    parser.add_argument("--reports", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    source = args.folder / "source"
    source.mkdir(parents=True)
    questions = write_reports(source, args.reports, args.seed)
    told: Counter[str] = Counter()
    with CrossModalIndex(args.folder / "kb", llm="none", ocr="off") as index:
        index.add(source)
        quoting = answerer.ExtractiveAnswerer(index.encoder("text"))
        for question in questions:
            evidence, _ = arrange(
                evidence_from_nodes(index.as_retriever(similarity_top_k=10).retrieve(question.text))
            )
            right = {
                item.n for item in evidence if (item.source, item.page) == (question.source, question.page)
            }
            firsts = []
            for way, rule in (("with", answerer._nearer_figure), ("without", lambda *_: None)):
                with mock.patch.object(answerer, "_nearer_figure", rule):
                    answer = quoting.answer(
                        question.text, evidence, abstention_threshold=index.abstention_threshold
                    )
                firsts.append(answer.citations[0].n if answer.citations else 0)
                told[f"{question.kind}: right {way}"] += firsts[-1] in right
            told[f"{question.kind}: n"] += 1
            told[f"{question.kind}: page among ten"] += bool(right)
            told[f"{question.kind}: changed"] += firsts[0] != firsts[1]
    sys.stdout.write(json.dumps(dict(sorted(told.items())), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

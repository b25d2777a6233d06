"""How well a knowledge base is found: questions with known answers, metrics, a report.

>>> from xmrag_plugin.evaluation import evaluate, read_queries
>>> report = evaluate(index, read_queries("queries.jsonl"))
>>> print(report.as_table())

>>> from xmrag_plugin.evaluation import QualityReport, generate_questions, measure, quality_page
>>> report = QualityReport(measure(index, generate_questions(index, 100)))
>>> Path("quality.html").write_text(quality_page(report, index))

The command ``xmrag eval`` does the same.
"""

from __future__ import annotations

from .dataset import EvalQuery, Relevant, read_queries
from .measuring import FIGURES, Outcome, measure
from .page import quality_page
from .quality import Comparison, Difference, QualityReport, compare
from .questions import generate_questions
from .report import EvaluationReport, Scored, evaluate

__all__ = [
    "FIGURES",
    "Comparison",
    "Difference",
    "EvalQuery",
    "EvaluationReport",
    "Outcome",
    "QualityReport",
    "Relevant",
    "Scored",
    "compare",
    "evaluate",
    "generate_questions",
    "measure",
    "quality_page",
    "read_queries",
]

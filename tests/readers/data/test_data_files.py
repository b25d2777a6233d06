"""CSV, JSON, notebooks, and documents that other parsers wrote."""

from __future__ import annotations

import json

import pytest
from sample_files import draw
from sample_files import notebook as write_notebook

from xmrag_plugin.errors import SourceDamaged


@pytest.mark.parametrize(
    ("name", "content", "table"),
    [
        ("a.csv", 'Port,Depth\n"Brest, F",12\n', "| Port | Depth |\n| --- | --- |\n| Brest, F | 12 |"),
        (
            "a.csv",
            "Port;Depth\nBrest;12,5\nKiel;8,1\n",
            "| Port | Depth |\n| --- | --- |\n| Brest | 12,5 |\n| Kiel | 8,1 |",
        ),
        ("a.csv", "sep=;\nPort;Depth\nBrest;12,5\n", "| Port | Depth |\n| --- | --- |\n| Brest | 12,5 |"),
        ("a.tsv", "Port\tDepth\nBrest\t12\n", "| Port | Depth |\n| --- | --- |\n| Brest | 12 |"),
    ],
)
def test_csv(tmp_path, read, name, content, table):
    (tmp_path / name).write_text(content)
    assert read(tmp_path / name).texts("table") == [table]


def test_csv_with_a_title_and_another_encoding(tmp_path, read):
    (tmp_path / "a.csv").write_bytes("Häfen 2024\nPort,Tiefe\nKöln,3\n".encode("cp1252"))
    reading = read(tmp_path / "a.csv")
    assert reading.texts("paragraph") == ["Häfen 2024"]
    assert "| Köln | 3 |" in reading.texts("table")[0]


def test_json_records_lines_and_trees(tmp_path, read):
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps({"name": "Brest", "geo": {"depth": 12}, "cranes": [{"n": 1, "t": 40}, {"n": 2, "t": 60}]})
    )
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("list", "name: Brest\ngeo.depth: 12"),
        ("heading", "cranes"),
        ("table", "| n | t |\n| --- | --- |\n| 1 | 40 |\n| 2 | 60 |"),
    ]
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"port": "Brest", "ok": true}\n{"port": "Kiel", "ok": null}\n')
    assert read(lines).texts("table") == ["| port | ok |\n| --- | --- |\n| Brest | true |\n| Kiel |  |"]
    path.write_text('{"a": ')
    with pytest.raises(SourceDamaged, match=r"a\.json is no JSON"):
        read(path)


def test_notebooks(tmp_path, read):
    reading = read(write_notebook(tmp_path))
    assert reading.kinds() == ["heading", "paragraph", "picture", "code", "code", "picture", "table"]
    assert reading.texts("code") == ["plot(depth)", "printed line"]
    assert reading.texts("table") == ["| Port | Depth |\n| --- | --- |\n| Brest | 12 |"]


def test_content_lists_of_rag_anything(tmp_path, read):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(draw(kind="JPEG"))
    path = tmp_path / "doc_content_list.json"
    path.write_text(
        json.dumps(
            [
                {"type": "text", "text": "Harbour", "text_level": 1, "page_idx": 0},
                {"type": "text", "text": "Words.", "page_idx": 0, "bbox": [1, 2, 3, 4]},
                {"type": "image", "img_path": "images/a.jpg", "image_caption": ["Figure 1: Crane"], "image_footnote": ["Photo: Ann"], "page_idx": 1},
                {"type": "table", "table_body": "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>", "table_caption": ["Table 1"], "page_idx": 2},
                {"type": "equation", "text": "$$a=b$$", "text_format": "latex", "page_idx": 2},
            ]
        )
    )  # fmt: skip
    reading = read(path)
    assert [(e.kind, e.text, e.page) for e in reading.elements] == [
        ("heading", "Harbour", 1),
        ("paragraph", "Words.", 1),
        ("picture", "", 2),
        ("table", "Table 1\n\n| a | b |\n| --- | --- |\n| 1 | 2 |", 3),
        ("paragraph", "$$a=b$$", 3),
    ]
    assert reading.elements[1].bbox == (1.0, 2.0, 3.0, 4.0)
    assert reading.pictures()[0].caption == "Figure 1: Crane\nPhoto: Ann"
    assert reading.pictures()[0].label == "Figure 1"


def test_a_formula_of_a_content_list_keeps_what_is_said_of_it(tmp_path, read):
    path = tmp_path / "content_list.json"
    items = [
        {"type": "equation", "latex": "h = a t^2", "text": "The height of the tide.", "page_idx": 0},
        {"type": "equation", "text": "$$x$$", "text_format": "latex", "page_idx": 1},
    ]
    path.write_text(json.dumps(items))
    assert read(path).texts("paragraph") == ["h = a t^2\nThe height of the tide.", "$$x$$"]


def test_docling_documents(tmp_path, read):
    import base64

    def at(page: int) -> list[dict]:
        return [{"page_no": page, "bbox": {"l": 10, "t": 90, "r": 50, "b": 40, "coord_origin": "BOTTOMLEFT"}}]

    uri = "data:image/png;base64," + base64.b64encode(draw()).decode()
    document = {
        "schema_name": "DoclingDocument",
        "body": {"children": [{"$ref": f"#/{p}"} for p in ("texts/0", "texts/1", "groups/0", "pictures/0", "tables/0", "texts/5")]},
        "groups": [{"label": "list", "children": [{"$ref": "#/texts/2"}, {"$ref": "#/texts/3"}]}],
        "texts": [
            {"label": "section_header", "text": "Harbour", "level": 1, "prov": at(1)},
            {"label": "text", "text": "Words.", "prov": at(1)},
            {"label": "list_item", "text": "one", "marker": "-"},
            {"label": "list_item", "text": "two", "marker": "-"},
            {"label": "caption", "text": "Figure 1: Crane"},
            {"label": "page_footer", "text": "7"},
        ],
        "pictures": [{"label": "picture", "captions": [{"$ref": "#/texts/4"}], "image": {"uri": uri}, "prov": at(2)}],
        "tables": [{"label": "table", "captions": [], "prov": at(2), "data": {"grid": [[{"text": "a"}, {"text": "b"}], [{"text": "1"}, {"text": "2"}]]}}],
        "pages": {"1": {"size": {"width": 100, "height": 100}}, "2": {"size": {"width": 100, "height": 100}}},
    }  # fmt: skip
    path = tmp_path / "doc.json"
    path.write_text(json.dumps(document))
    reading = read(path)
    assert [(e.kind, e.text, e.page) for e in reading.elements] == [
        ("heading", "Harbour", 1),
        ("paragraph", "Words.", 1),
        ("list", "- one\n- two", None),
        ("picture", "", 2),
        ("table", "| a | b |\n| --- | --- |\n| 1 | 2 |", 2),
    ]
    assert reading.pictures()[0].caption == "Figure 1: Crane"
    assert reading.elements[0].bbox == (10.0, 10.0, 50.0, 60.0)


def test_json_with_comments_and_lines_of_which_some_are_damaged(tmp_path, read):
    (tmp_path / "a.json").write_text('// depths\n{"port": "Brest // 1,]", /* x */\n "depth": [12, 9,],\n}\n')
    assert read(tmp_path / "a.json").words() == "port: Brest // 1,]\ndepth: 12, 9"
    (tmp_path / "b.jsonl").write_text('{"text": "One"}\n{"text": broken\n{"text": "Three"}\n')
    reading = read(tmp_path / "b.jsonl")
    assert ("One" in reading.words(), "Three" in reading.words()) == (True, True)
    assert [message for message, _ in reading.warnings] == [
        "b.jsonl: 1 lines are no JSON and were left out: 2."
    ]


def test_strings_that_never_end_are_told_in_linear_time(tmp_path, read):
    (tmp_path / "a.json").write_text('"a\\' * 20_000)
    with pytest.raises(SourceDamaged):
        read(tmp_path / "a.json")


def test_tables_of_one_file_and_wide_ones(tmp_path, read):
    (tmp_path / "a.csv").write_text("Report\n\nBerth,Fee\nNorth,19\n\nSouth,29\n\nRope,Load,Note\nR1,40,x\n")
    reading = read(tmp_path / "a.csv")
    assert reading.texts("table") == [
        "| Berth | Fee |\n| --- | --- |\n| North | 19 |\n| South | 29 |",
        "| Rope | Load | Note |\n| --- | --- | --- |\n| R1 | 40 | x |",
    ]
    (tmp_path / "b.csv").write_text("\n".join(",".join(f"{sign}{n}" for n in range(450)) for sign in "hv"))
    parts = read(tmp_path / "b.csv").texts("table")
    assert [part.partition("\n")[0].count(" | ") + 1 for part in parts] == [200, 200, 52]
    assert all(part.startswith("| h0 | ") for part in parts)
    assert "| v449 |" in parts[-1]


def test_vectors_are_no_words(tmp_path, read):
    vector = [n / 1000 for n in range(300)]
    shape = [[[n, n + 1] for n in range(80)]]
    value = [
        {"text": "Words", "embedding": vector},
        {"shape": shape, "depths": list(range(40)), "flags": [True] * 120},
    ]
    (tmp_path / "a.json").write_text(json.dumps(value))
    words = read(tmp_path / "a.json").words()
    assert "[1].embedding: (300 numbers)" in words
    assert "[2].shape: (160 numbers)" in words
    assert "38, 39" in words
    assert "true, true" in words

"""Rows of tables that lie in files of their own, and what docutils cannot understand."""

from __future__ import annotations

HEADS = "| Column 1 | Column 2 |\n| --- | --- |\n"


def test_rows_of_tables_in_files_of_their_own(tmp_path, read):
    (tmp_path / "a.csv").write_text('"Column 1";"Column 2"\n"Data";"one\n\ntwo"\n')
    table = f"{HEADS}| Data | one<br>two |"
    (tmp_path / "a.rst").write_text(
        ".. csv-table:: Loads\n   :file: a.csv\n   :delim: ;\n   :header-rows: 1\n\nEnd.\n"
    )
    (tmp_path / "a.md").write_text("```{csv-table} Loads\n:file: a.csv\n:delim: ;\n```\n\nEnd.\n")
    (tmp_path / "a.adoc").write_text(
        '.Loads\n[format="csv", separator=";", options="header"]\n|===\ninclude::a.csv[]\n|===\n\nEnd.\n'
    )
    for name in ("a.rst", "a.md", "a.adoc"):
        reading = read(tmp_path / name)
        assert [text.replace("one two", "one<br>two") for text in reading.texts("table")] == [
            f"Loads\n\n{table}"
        ]
        assert reading.texts("paragraph")[-1] == "End."
        assert [path.name for path in reading.used] == ["a.csv"]
        assert reading.warnings == []


def test_a_file_of_rows_that_is_not_there_or_outside_is_named(tmp_path, read):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.csv").write_text("SECRET,1\n")
    (tmp_path / "in" / "a.rst").write_text(".. csv-table::\n   :file: ../secret.csv\n\nEnd.\n")
    (tmp_path / "in" / "a.adoc").write_text(",===\ninclude::nope.csv[]\n,===\n\nEnd.\n")
    for name, lost in (("a.rst", "secret.csv"), ("a.adoc", "nope.csv")):
        reading = read(tmp_path / "in" / name, root=tmp_path / "in")
        assert "SECRET" not in reading.words()
        assert lost in reading.warnings[0][0]


def test_heads_are_separated_as_the_rows_are(tmp_path, read):
    options = ':header: "Column 1", "Column 2"\n{0}:delim: {1}\n\n{0}a {1} b'
    (tmp_path / "a.rst").write_text(f".. csv-table::\n   {options.format('   ', '$')}\n")
    (tmp_path / "a.md").write_text(f"```{{csv-table}}\n{options.format('', '$')}\n```\n")
    for name in ("a.rst", "a.md"):
        assert read(tmp_path / name).texts("table") == [f"{HEADS}| a | b |"]


def test_what_docutils_cannot_understand_is_read_as_it_is_written(tmp_path, read):
    (tmp_path / "a.rst").write_text(
        "Words |sub| here.\n\n+---+---+\n| a | b\n+---+---+\n\n.. csv-table:: Fees\n   :widths: none\n\n   Berth,19 EUR\n\nEnd_.\n"
    )
    reading = read(tmp_path / "a.rst")
    words = reading.words()
    assert [word for word in ("| a | b", "Fees", "Berth,19 EUR", "|sub|", "End") if word not in words] == []
    assert ":widths:" not in words
    assert "2 parts cannot be understood" in reading.warnings[0][0]

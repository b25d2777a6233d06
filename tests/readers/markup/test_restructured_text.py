"""reStructuredText."""

from __future__ import annotations

from sample_files import restructured_text as write_rst


def test_restructured_text(tmp_path, read):
    reading = read(write_rst(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour"),
        ("paragraph", "The crane lifts forty tonnes."),
        ("picture", ""),
    ]
    assert reading.pictures()[0].caption == "The crane."


def test_sphinx_directives_and_roles_keep_their_words(tmp_path, read):
    path = tmp_path / "a.rst"
    path.write_text(
        "T\n=\n\nSee :class:`~pkg.Crane` and :doc:`the guide <guide>`.\n\n.. toctree::\n\n   a\n\n.. versionadded:: 2.0\n\n"
        "   New rope.\n\n.. include:: /etc/hostname\n\n.. code-block:: python\n\n   print(1)\n"
    )
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "T"),
        ("paragraph", "See Crane and the guide."),
        ("paragraph", "2.0"),
        ("paragraph", "New rope."),
        ("code", "print(1)"),
    ]


def test_numbers_of_lists_and_scripts(tmp_path, read):
    path = tmp_path / "a.rst"
    path.write_text(
        "3. three\n\n   ::\n\n      code\n\n4. four\n\na. alpha\nb. beta\n\n10\\ :sup:`6` m [#n]_ wide.\n\n.. [#n] A note.\n\nEnd.\n"
    )
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("list", "3. three"),
        ("code", "code"),
        ("list", "4. four"),
        ("list", "a. alpha\nb. beta"),
        ("paragraph", "10^6 m wide."),
        ("note", "A note."),
        ("paragraph", "End."),
    ]


def test_raw_pages_are_read_and_lost_includes_named(tmp_path, read):
    page = tmp_path / "a.rst"
    page.write_text(
        "T\n=\n\n.. include:: nope.rst\n\n.. raw:: html\n\n   <p>Raw words</p><script>no()</script>\n"
    )
    reading = read(page)
    assert reading.texts("paragraph") == ["Raw words"]
    assert "nope.rst" in reading.warnings[0][0]


def test_a_paragraph_on_one_very_long_line_is_read(tmp_path, read):
    page = tmp_path / "a.rst"
    page.write_text("Tide\n====\n\n" + "flood " * 3000 + "\n\nebb\n")
    assert read(page).words().split() == ["Tide", *["flood"] * 3000, "ebb"]

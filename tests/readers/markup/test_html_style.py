"""Style sheets that are damaged cost what they say, and no time."""

from __future__ import annotations

from pathlib import Path

from xmrag_plugin.readers import ReadOptions, read_file


def test_a_style_that_is_never_closed_is_read_once(tmp_path: Path) -> None:
    """By a pattern that begins anew at each letter these 400 kB took minutes: the test would not end."""
    page = tmp_path / "a.html"
    page.write_text(
        f"<style>.h{{display:none}} {'a b ' * 100_000}</style><p>Shown.</p><p class=h>Hidden.</p>"
    )
    assert [element.text for element in read_file(page, ReadOptions())] == ["Shown."]

"""The public names are those that can be had, in one list."""

from __future__ import annotations

import xmrag_plugin


def test_all_names_what_can_be_imported() -> None:
    assert set(xmrag_plugin.__all__) == {*xmrag_plugin._HOMES, "__version__"}
    for name in xmrag_plugin.__all__:
        assert getattr(xmrag_plugin, name) is not None, name
    assert set(xmrag_plugin.__all__) <= set(dir(xmrag_plugin))

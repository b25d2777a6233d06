"""XML that comes from outside: parsed as far as it can be, with nothing fetched for it."""

from __future__ import annotations

from typing import Any

__all__ = ["local_name", "parse"]


def parse(data: bytes, **more: Any) -> Any:
    """Return the root of a document, None where there is none; what is broken in it is passed over.

    Entities from outside are not followed.

    Args:
        data: The document.
        more: Further options of ``lxml.etree.XMLParser``, or other values of those that are set here.

    Raises:
        ValueError: If nothing of it can be parsed.
    """
    from lxml import etree

    options = {"resolve_entities": "internal", "no_network": True, "recover": True, **more}
    try:
        return etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


def local_name(node: Any) -> str:
    """Return an element's name without its namespace; ``""`` for comments, and for entities that nobody declares."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""

"""Migrations of a knowledge base: one module for each format, run once by the first writer that finds an older one.

A module ``to_N`` has ``migrate(kb)``, which may be killed at any moment and run again: the manifest gets the
new format only when it has returned. Readers understand the formats since 1.
"""

from __future__ import annotations

import logging

from ..manifest import FORMAT
from . import to_2, to_3
from .files import Files

__all__ = ["migrate"]

_LOG = logging.getLogger(__name__)
_MIGRATIONS = {2: to_2.migrate, 3: to_3.migrate}


def migrate(kb: Files) -> None:
    """Bring a knowledge base to this xmrag's format; the writer's lock must be held."""
    while kb.manifest.format < FORMAT:
        target = kb.manifest.format + 1
        _LOG.info("%s is migrated from format %d to %d.", kb.path, kb.manifest.format, target)
        _MIGRATIONS[target](kb)
        kb.manifest.format = target
        kb.save_manifest()

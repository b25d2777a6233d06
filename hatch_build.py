"""``[project.urls]``: where a build is published from is known to who publishes it, and to nobody before."""

from __future__ import annotations

import os
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class PublishedFrom(MetadataHookInterface):
    """Name the address of ``PROJECT_URL``, or of the repository that GitHub Actions builds; none where there is neither."""

    def update(self, metadata: dict[str, Any]) -> None:
        forge, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
        address = os.environ.get("PROJECT_URL") or (f"{forge}/{name}" if forge and name else "")
        metadata["urls"] = {"Homepage": address} if address else {}

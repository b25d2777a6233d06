"""LibreOffice, where it is installed: old and vector formats as PDF or PNG."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["convert", "find_office"]

_PROGRAMS = ("soffice", "libreoffice")
_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.exe",
)
_TIMEOUT_S = 180


def find_office() -> str | None:
    """Return LibreOffice's program, or None where it is not installed."""
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    return next((place for place in _PLACES if os.path.isfile(place)), None)


def convert(data: bytes, suffix: str, target: str) -> bytes | None:
    """Return a file in another format, or None when LibreOffice is missing or fails.

    Args:
        data: The file.
        suffix: Its suffix, with the dot.
        target: The format wanted: ``pdf``, ``png``, ``docx`` …
    """
    program = find_office()
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="xmrag-office-") as folder:
        source = Path(folder, f"document{suffix}")
        source.write_bytes(data)
        command = [
            program,
            f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            "--headless",
            "--norestore",
            "--convert-to",
            target,
            "--outdir",
            folder,
            str(source),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S)
        except (OSError, subprocess.SubprocessError):
            return None
        made = Path(folder, f"document.{target}")
        return made.read_bytes() if made.is_file() else None

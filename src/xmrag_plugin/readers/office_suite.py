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
    found = (shutil.which(name) for name in _PROGRAMS)
    return next((path for path in found if path), None) or next(filter(os.path.isfile, _PLACES), None)


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
        profile = f"-env:UserInstallation={Path(folder, 'profile').as_uri()}"
        command = [program, profile, "--headless", "--norestore", "--convert-to", target, "--outdir", folder]
        try:
            subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=_TIMEOUT_S)
        except (OSError, subprocess.SubprocessError):
            return None
        made = Path(folder, f"document.{target}")
        return made.read_bytes() if made.is_file() else None

"""Takes the pictures of the page that stand in the documentation, from a real server over the sample collection.

    pip install -e '.[offline,page]' playwright
    python scripts/make_screenshots.py

It uses the system's Chromium, or the one named in XMRAG_CHROMIUM, and writes docs/pictures.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from playwright.sync_api import sync_playwright

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.demo import COLLECTION
from xmrag_plugin.server import create_app

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
QUESTION = "How fast is the current in the Kelda Sound at spring tide?"
MAX_BYTES = 150_000


def main() -> None:
    """Serve the sample collection, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder, CrossModalIndex(Path(folder) / "kb", llm="none") as index:
        index.add(COLLECTION)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = uvicorn.Config(create_app(index, page=True), host="127.0.0.1", port=port, log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        try:
            take_all(f"http://127.0.0.1:{port}")
        finally:
            server.should_exit = True
            thread.join(10)


def take_all(url: str) -> None:
    """Take every picture."""
    chromium = os.environ.get("XMRAG_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = opened(browser, url, 1280, 800)
        ask(page)
        page.locator("#xm-log .xm-cite").first.click()
        page.wait_for_selector("#xm-panel:not([hidden], [aria-busy])")
        take(page, "page-answer")
        page.get_by_role("button", name="Close the source").click()
        page.get_by_role("tab", name="Search").click()
        page.fill("#xm-query textarea", "the chart of energy by quarter")
        page.press("#xm-query textarea", "Enter")
        page.locator(".xm-hit").first.wait_for()
        take(page, "page-search")
        page = opened(browser, url, 360, 740, colours="dark")
        ask(page)
        take(page, "page-narrow")
        browser.close()


def opened(browser: Any, url: str, width: int, height: int, colours: str = "light") -> Any:
    """Open the page as a new visitor."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=colours)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#xm-question textarea")
    return page


def ask(page: Any) -> None:
    """Ask the question, and wait for its answer and figure."""
    page.fill("#xm-question textarea", QUESTION)
    page.press("#xm-question textarea", "Enter")
    page.locator("#xm-log .xm-sources").wait_for()
    page.locator("#xm-log figure img").first.evaluate("img => img.decode()")


def take(page: Any, name: str) -> None:
    """Write what is seen as WebP, as good as the limit of size allows."""
    page.evaluate("document.activeElement.blur()")
    in_view = "i => i.getBoundingClientRect().top >= innerHeight || i.complete && i.naturalWidth"
    page.wait_for_function(f"[...document.images].every({in_view})")
    page.wait_for_timeout(600)
    picture = Image.open(io.BytesIO(page.screenshot()))
    for quality in range(90, 20, -10):
        encoded = io.BytesIO()
        picture.save(encoded, "WEBP", quality=quality, method=6)
        if encoded.tell() <= MAX_BYTES:
            break
    (PICTURES / f"{name}.webp").write_bytes(encoded.getvalue())
    print(f"{name}.webp: {picture.width} × {picture.height}, {encoded.tell() / 1000:.0f} kB")


if __name__ == "__main__":
    main()

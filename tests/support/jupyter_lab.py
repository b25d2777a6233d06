"""JupyterLab as a person has it: a server of its own, and a browser that opens a notebook and runs it.

What a cell printed is read from the notebook that JupyterLab saved, since it draws only the cells that are in view.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 900.0  # a busy machine takes minutes to show the page and to start a kernel
_IDLE = ".jp-NotebookPanel-toolbar .jp-Notebook-ExecutionIndicator[data-status='idle']"
_KERNEL = """() => {
    const name = document.querySelector('.jp-NotebookPanel-toolbar .jp-KernelName');
    return name && name.innerText.trim() && !name.innerText.includes('No Kernel');
}"""
_PLACES = ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # else cells out of view are not drawn
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@contextmanager
def jupyter_lab(folder: Path, runtime: Path, env: dict[str, str] | None = None) -> Iterator[str]:
    """Serve ``folder`` with JupyterLab; yield its address with ``{}`` for the path of a notebook.

    Args:
        folder: The notebooks; the working directory of their kernels.
        runtime: A folder for what Jupyter writes; nothing of the user's own settings is used.
        env: Further environment of the server and its kernels.
    """
    token = secrets.token_hex(16)
    places = {name: str(runtime / name.lower()) for name in _PLACES}
    for extension, values in _SETTINGS.items():
        place = runtime / "settings" / "@jupyterlab" / f"{extension}.jupyterlab-settings"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(values))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--core-mode", "--no-browser", "--allow-root", "--port=0"),
        *("--ip=127.0.0.1", f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}"),
    ]
    places["JUPYTERLAB_SETTINGS_DIR"] = str(runtime / "settings")
    log = (runtime / "lab.log").open("wb")
    server = subprocess.Popen(
        command,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, **places, **(env or {})},
    )
    try:
        written = runtime / "jupyter_runtime_dir"
        info = _waited(lambda: next(iter(written.glob("jpserver-*.json")), None), server)
        url = json.loads(info.read_text())["url"]
        yield f"{url}lab/tree/{{}}?token={token}&reset"
    finally:
        server.terminate()
        server.wait(60)
        log.close()


def _waited(found: Callable[[], Any], server: subprocess.Popen[bytes] | None = None) -> Any:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if (value := found()) is not None:
            return value
        if server is not None and server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended with {server.returncode}.")
        time.sleep(0.2)
    raise TimeoutError("Nothing came of it.")


def run_all(
    page: Any, address: str, notebook: Path, look: Callable[[Any], None] | None = None
) -> list[dict[str, Any]]:
    """Open ``notebook`` in the browser, run all its cells from the menu, save it; return its code cells.

    Args:
        page: A page of Playwright.
        address: What :func:`jupyter_lab` yields.
        notebook: The file, in the folder that is served.
        look: Is called with the page again and again while the cells run, and once at the end.
    """
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(address.format(notebook.name))
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    if not json.loads(notebook.read_text())["metadata"].get("kernelspec", {}).get("name"):
        page.click(".jp-Dialog .jp-mod-accept")  # "Select Kernel": while it stands, no cell runs
    page.wait_for_function(_KERNEL)  # before that, the indicator says "idle" too, and what is run is lost
    page.wait_for_selector(_IDLE, state="attached")
    page.click(".lm-MenuBar-itemLabel:text-is('Run')")
    page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")
    cells = len(_code_cells(notebook))
    end = time.monotonic() + PATIENCE_S
    ran = f"""() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .filter(prompt => /^\\[\\d+\\]:$/.test(prompt.innerText.trim())).length >= {cells}"""
    while not page.evaluate(ran):
        if look:
            look(page)
        if page.query_selector(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"):
            break
        if time.monotonic() > end:
            raise TimeoutError("The cells did not end.")
        page.wait_for_timeout(250)
    page.wait_for_selector(_IDLE, state="attached")
    if look:
        look(page)
    page.click(".lm-MenuBar-itemLabel:text-is('File')")
    page.click(".lm-Menu-itemLabel:text-is('Save Notebook')")

    def saved() -> list[dict[str, Any]] | None:
        try:
            code = _code_cells(notebook)
        except ValueError:  # is being written
            return None
        return code if all(cell["execution_count"] for cell in code) or _failed(code) else None

    return _waited(saved)


def _code_cells(notebook: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]


def _failed(cells: list[dict[str, Any]]) -> bool:
    return any(output["output_type"] == "error" for cell in cells for output in cell["outputs"])

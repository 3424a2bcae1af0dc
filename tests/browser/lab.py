"""JupyterLab as `make lab` starts it, and a headless Chromium that looks at it."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from cvkit.files import checkout

ROOT = checkout()
INSTALL = "Install Chromium and its driver, on Debian: apt-get install chromium chromium-driver"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --window-size=1400,1800"
)


def wait(seconds, what, look):
    """The first true value of ``look()``, which is asked twice a second."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        value = look()
        if value:
            return value
        time.sleep(0.5)
    return pytest.fail(f"waited {seconds:g} s in vain for {what}")


@contextmanager
def jupyter(notebooks, scratch):
    """JupyterLab on a folder of notebooks, with settings of its own; yields its address, token and `get(path)`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    settings = scratch / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Without this, cells out of sight are not in the page, and neither are their outputs.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    arguments = f"--no-browser --allow-root --port={port} --ServerApp.port_retries=0 --IdentityProvider.token={token}"
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"} | {
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "PYTHONPATH": str(ROOT),
    }
    command = ["make", "-o", ".venv/.done-requirements", "lab", f"PY={sys.executable}", f"NOTEBOOKS={notebooks}"]
    command += [f"JUPYTER_ARGS={arguments}"]
    address = f"http://127.0.0.1:{port}"
    log = scratch / "jupyter.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)

    def get(path):
        request = urllib.request.Request(f"{address}{path}", headers={"Authorization": f"token {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def is_up():
        if server.poll() is not None:
            pytest.fail(f"JupyterLab ended: {log.read_text()}")
        try:
            return get("/api/status")
        except OSError:
            return None

    try:
        wait(60, "JupyterLab to answer", is_up)
        yield SimpleNamespace(address=address, token=token, get=get)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


@contextmanager
def chromium(scratch):
    """A headless Chromium with a fresh profile."""
    from selenium import webdriver

    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not browser or not driver:
        pytest.fail(f"{'Chromium' if not browser else 'chromedriver'} was not found. {INSTALL}")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in [*FLAGS.split(), f"--user-data-dir={scratch / 'profile'}"]:
        options.add_argument(flag)
    page = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield page
    finally:
        page.quit()


def choose(page, menu, entry):
    """Choose an entry of JupyterLab's menu bar by the words a reader sees."""
    from selenium.webdriver.common.by import By

    def labels(kind, text):
        found = page.find_elements(By.CSS_SELECTOR, f".{kind}")
        return [element for element in found if element.text.strip() == text and element.is_displayed()]

    wait(60, f"the menu {menu}", lambda: labels("lm-MenuBar-itemLabel", menu))[0].click()
    wait(10, f"{menu} > {entry}", lambda: labels("lm-Menu-itemLabel", entry))[0].click()


def run_all(page, lab, name, seconds):
    """Open a notebook, run all its cells, wait for the end, save.

    Returns:
        The executed notebook as Jupyter saved it, and the prompts and images that the page shows.
    """
    page.get(f"{lab.address}/lab/tree/{name}?token={lab.token}")

    def kernel_is_idle():
        states = [session["kernel"]["execution_state"] for session in lab.get("/api/sessions")]
        return states == ["idle"]

    def prompts():
        script = "return [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.textContent.trim())"
        return page.execute_script(script)

    def saved():
        book = lab.get(f"/api/contents/{name}")["content"]
        last = [cell for cell in book["cells"] if cell["cell_type"] == "code"][-1]
        return book if last["outputs"] or errors(book) else None

    def is_over():
        return kernel_is_idle() and "[*]:" not in prompts() and any(prompt != "[ ]:" for prompt in prompts())

    wait(90, "the notebook and its kernel", lambda: prompts() and kernel_is_idle())
    choose(page, "Run", "Run All Cells")
    wait(seconds, "all cells to be run", is_over)
    choose(page, "File", "Save Notebook")
    book = wait(30, "the last cell's output in the saved notebook", saved)
    images = page.execute_script(
        "return [...document.querySelectorAll('.jp-OutputArea-output img')].map(i => i.naturalWidth)"
    )
    return book, prompts(), images


def errors(notebook):
    """Error outputs of an executed notebook, as text."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]

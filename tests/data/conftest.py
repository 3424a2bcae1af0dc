"""A private cache for the data tests, a server that misbehaves on demand, and a catalogue that points at it."""

import hashlib
import http.server
import sys
import threading
from types import SimpleNamespace

import pytest

from cvkit.data.catalogue import Entry, File

module = sys.modules["cvkit.data.catalogue"]  # the name cvkit.data.catalogue is the function


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shared_cache(session_cache, monkeypatch):
    """One cache for the session: what is generated once stays."""
    monkeypatch.setenv("CVKIT_CACHE", str(session_cache))
    return session_cache


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and no folder of the user's own."""
    monkeypatch.setenv("CVKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CVKIT_DATA", raising=False)
    return tmp_path / "cache"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        state = self.server.state
        asked = self.headers.get("Range")
        state.requests.append((self.path, asked))
        kind, name = self.path.strip("/").split("/")
        body = state.files.get(name)
        if kind == "silent":
            state.released.wait(20)
        if body is None or kind == "silent":
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and kind != "whole" else 0
        if start >= len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start + (kind == 'shifted')}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        body = body[start:]
        if kind == "wrong":
            body = bytes(len(body))
        if kind == "short":
            body = body[: len(body) // 2]
        return self.wfile.write(body)

    def log_message(self, *args):
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):  # clients may hang up
            super().handle_error(request, client_address)


@pytest.fixture
def server():
    """A web server: /KIND/NAME, where kind is good, whole (no ranges), short, wrong, shifted or silent."""
    state = SimpleNamespace(files={}, requests=[], released=threading.Event())
    web = _Server(("127.0.0.1", 0), _Handler)
    web.state = state
    state.address = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    state.released.set()
    web.shutdown()
    thread.join()
    web.server_close()


@pytest.fixture
def offered(server, monkeypatch):
    """Put a file on the server and a set named "test" into the catalogue: offered(bytes, kinds) -> its Entry."""

    def offer(body, kinds=("good",), name="file.bin", unpack=None):
        server.files[name] = body
        urls = tuple(f"{server.address}/{kind}/{name}" for kind in kinds)
        file = File(name, len(body), urls, {hashlib.sha256(body).hexdigest(): "made here"}, unpack)
        splits = {"train": 1}
        entry = Entry("test", "A test", "download", splits, (1,), (), "CC0", "", "", "digits", "test", (file,))
        monkeypatch.setattr(module, "_read", lambda: {"test": entry})
        return entry

    return offer

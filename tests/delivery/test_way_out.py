"""Our own pages are asked with one POST, and what comes back is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from digest.delivery.way_out import NotReached, post


class _Pages(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Content-Type"], body))  # type: ignore[attr-defined]
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Pages)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_post_is_answered(pages: HTTPServer) -> None:
    """It is a form, as mail programs send it."""
    status = post(f"http://127.0.0.1:{pages.server_port}/u/x", b"List-Unsubscribe=One-Click", 2.0)

    assert status == 200
    form = "application/x-www-form-urlencoded"
    assert pages.seen == [("/u/x", form, b"List-Unsubscribe=One-Click")]  # type: ignore[attr-defined]


def test_a_redirect_is_told_and_not_followed(pages: HTTPServer) -> None:
    """Mail programs follow none."""
    assert post(f"http://127.0.0.1:{pages.server_port}/moved", b"", 2.0) == 302
    assert len(pages.seen) == 1  # type: ignore[attr-defined]


def test_nobody_there_is_told_in_words() -> None:
    """Refused, silent, or no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(NotReached, match=r"no answer within 0\.1 s"):
            post(f"http://127.0.0.1:{port}/", b"", 0.1)
    with pytest.raises(NotReached):
        post(f"http://127.0.0.1:{port}/", b"", 0.5)


def test_a_server_without_tls_is_told_in_words(pages: HTTPServer) -> None:
    """Where https is asked for."""
    with pytest.raises(NotReached):
        post(f"https://127.0.0.1:{pages.server_port}/", b"", 2.0)

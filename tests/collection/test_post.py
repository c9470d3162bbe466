"""The door out for webhooks: one POST, by the guard of feeds, and no redirect is followed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from digest.collection.post import post
from digest.errors import FetchRefused


class Web(HTTPServer):
    """Remembers what it got; answers with the status that the path names."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Web

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, body, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "/204")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_is_posted_with_its_headers_and_the_status_comes_back(web: Web) -> None:
    """Body and headers as they are."""
    status = post(f"http://127.0.0.1:{web.server_port}/201", b'{"a":1}', {"webhook-id": "m"}, allow_private=True)

    ((path, body, headers),) = web.got
    assert (status, path, body) == (201, "/201", b'{"a":1}')
    assert headers["webhook-id"] == "m"
    assert headers["host"] == f"127.0.0.1:{web.server_port}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_answer_like_any_other(web: Web, status: int) -> None:
    """It could lead into our own network, or take the message to somebody else."""
    assert post(f"http://127.0.0.1:{web.server_port}/{status}", b"{}", {}, allow_private=True) == status
    assert [path for path, _, _ in web.got] == [f"/{status}"]


@pytest.mark.parametrize("leads_to", ["127.0.0.1", "10.1.2.3", "::1", "64:ff9b::7f00:1", "100.64.0.1"])
def test_a_name_that_leads_into_our_own_network_is_not_told(leads_to: str) -> None:
    """However public it sounds; every address of it is looked at."""
    with pytest.raises(FetchRefused, match="not fetched"):
        post("https://hooks.example.org/", b"{}", {}, resolve=lambda _host, _port: ["93.184.215.14", leads_to])

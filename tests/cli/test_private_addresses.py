"""Articles of an intranet: looked at and added under the same permission."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.program import TARIFF, Program


@pytest.fixture
def intranet() -> Iterator[str]:
    """Give the address of an article on this machine."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = TARIFF.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tariff.txt"
    server.shutdown()
    server.server_close()


def test_what_is_understood_of_an_intranet_article_can_be_seen_before_it_is_added(
    program: Program, intranet: str
) -> None:
    """By option or by setting; no other setting is needed, and nothing is stored."""
    refused = program.run("articles", "read", intranet, "--json")
    by_option = program.run("articles", "read", intranet, "--private", "--json")
    by_setting = program.run("articles", "read", intranet, "--json", DIGEST_FETCH_PRIVATE_ADDRESSES="true")

    assert (refused.status, refused.out) == (1, "")
    assert by_option.json["title"] == by_setting.json["title"] == "Tariff Truce Holds"
    assert (by_option.status, by_setting.status) == (0, 0)
    assert not (program.folder / "var").exists()

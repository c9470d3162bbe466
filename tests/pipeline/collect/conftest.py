"""The newsroom of tests of collecting: a folder, a web server, sources and the hour of a visit."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from digest.model.newsletter import Source, SourceKind
from digest.pipeline.collecting.collect import collect_due
from digest.store.newsletters import save_sources


@pytest.fixture
def now():
    """Give the time of the visits, a minute from now: files have the system's times, and are settled by then."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)


@pytest.fixture
def visit(now):
    """Give a function that visits what is due."""

    def collect(house, *, after=timedelta(0)):
        return collect_due(house.engine, now=now + after, allow_private=True)

    return collect


@pytest.fixture
def articles(tmp_path):
    """Give an empty folder for article files."""
    folder = tmp_path / "articles"
    folder.mkdir()
    return folder


@pytest.fixture
def source(house, articles, now):
    """Give a function that makes a source (the folder, unless told otherwise) and returns its slug."""

    def make(slug="newsroom", kind=SourceKind.FOLDER, location=None, every=timedelta(minutes=1), **more):
        with house.engine.begin() as connection:
            save_sources(connection, [Source(slug, kind, location or str(articles), every, **more)], now=now)
        return slug

    return make


@pytest.fixture
def feed_server():
    """Give a web server on this machine whose answer a test sets; `asked` are the headers of each request."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(dict(self.headers))
            status, headers, body = server.answer(self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}/feed.xml"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()

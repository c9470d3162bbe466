"""Summaries by a language model: what we ask a server, and what we take from it; a real server on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from digest.enrichment.language_model import LanguageModel, SummaryFailed
from digest.model.article import Article, Section

TEXT = "The port raised its fees. Ships pay a fifth more. The money is for a lock."
ARTICLE = Article(title="Ports raise fees", sections=(Section("", (TEXT,)),))


@dataclass
class ModelServer:
    """Chat completions as OpenAI's API has them; what it answers is set, what it was asked is kept."""

    status: int = 200
    body: bytes | None = None
    content: str = "Fees in the port rise by a fifth."
    delay: float = 0.0
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body
        choice = {"index": 0, "message": {"role": "assistant", "content": self.content}, "finish_reason": "stop"}
        return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice]}).encode()

    @contextmanager
    def running(self) -> Iterator[ModelServer]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                model.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(asked)))
                time.sleep(model.delay)
                self.send_response(model.status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                with suppress(BrokenPipeError):  # who waited has gone
                    self.wfile.write(model.answer())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/v1"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def test_the_request_is_a_chat_completion_with_nothing_but_the_article():
    """The contract of the API; the key goes in its header, and no header goes without a key."""
    with ModelServer().running() as server:
        text = LanguageModel(server.url + "/", "small", "secret").summarise(ARTICLE, 300)
        LanguageModel(server.url, "small").summarise(ARTICLE, 300)
    (path, headers, asked), (_, without, _) = server.asked

    assert text == "Fees in the port rise by a fifth."
    assert (path, headers["authorization"]) == ("/v1/chat/completions", "Bearer secret")
    assert "authorization" not in without
    assert (asked["model"], asked["temperature"]) == ("small", 0)
    assert [each["role"] for each in asked["messages"]] == ["system", "user"]
    assert asked["messages"][1]["content"] == f"Ports raise fees\n\n{TEXT}"


def test_a_long_article_is_not_sent_whole():
    """A request has a size, whatever an article has."""
    with ModelServer().running() as server:
        LanguageModel(server.url, "small").summarise(Article(title="T", sections=(Section("", ("a" * 10**6,)),)), 300)

    assert len(server.asked[0][2]["messages"][1]["content"]) < 13_000


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(ModelServer(status=500), id="an error"),
        pytest.param(ModelServer(status=401), id="a wrong key"),
        pytest.param(ModelServer(status=302), id="sent elsewhere"),
        pytest.param(ModelServer(body=b"no JSON"), id="no JSON"),
        pytest.param(ModelServer(body=b"[" * 60_000), id="JSON without an end"),
        pytest.param(ModelServer(body=b'{"choices": []}'), id="no choice"),
        pytest.param(ModelServer(body=b'{"choices": [{"message": {"content": 7}}]}'), id="no text"),
        pytest.param(ModelServer(body=b" " * 200_000), id="an endless answer"),
        pytest.param(ModelServer(content="  "), id="an empty summary"),
        pytest.param(ModelServer(content="word " * 500), id="a summary as long as the article"),
        pytest.param(ModelServer(content="Read more at https://evil.example.net"), id="an address"),
        pytest.param(ModelServer(delay=1.0), id="too slow"),
    ],
)
def test_what_cannot_be_used_is_refused(server: ModelServer):
    """With one kind of error, so that there is one way to go on without."""
    with server.running(), pytest.raises(SummaryFailed):
        LanguageModel(server.url, "small", timeout=0.3).summarise(ARTICLE, 300)


def test_a_server_that_is_not_there_is_a_failure_like_any_other():
    """The port was just closed."""
    with ModelServer().running() as server:
        pass

    with pytest.raises(SummaryFailed, match="did not answer"):
        LanguageModel(server.url, "small", timeout=0.5).summarise(ARTICLE, 300)

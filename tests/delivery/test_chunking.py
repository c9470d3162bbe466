"""BDAT: a message in one write and one round trip, and what every fault of the server makes of it."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace

import pytest

from digest.delivery.connection import Connection
from digest.delivery.pool import Patience, drain
from digest.model.delivery import Outcome, Phase
from digest.settings.relay import Relay
from tests.delivery.scripted import CHUNKING, CLOCK, FAST, Do, Drip, Notebook, Then, Twice, envelope
from tests.delivery.test_pool import always, once, outcomes, send

DOUBT, SENT, LATER, NEVER = Outcome.IN_DOUBT, Outcome.SENT, Outcome.DEFERRED, Outcome.REFUSED


def chunked(*arguments: object, **options: object):
    """Send to a server that offers CHUNKING; the first message of a run goes the careful way, by DATA."""
    return send(*arguments, **{"offer": CHUNKING, **options})


def test_a_message_is_one_write_after_the_first():
    """One round trip a message, with its length where the server looks for it."""
    server, notebook, _ = chunked(count=4)

    assert outcomes(notebook) == [SENT] * 4
    assert [words for words in server.said if words[:4] in ("DATA", "BDAT")] == ["DATA", *["BDAT 25 LAST"] * 3]
    assert server.messages == [envelope().content] * 4


def test_the_mark_is_made_before_the_bytes_and_the_record_before_the_next():
    """I3: at each MAIL every earlier message is on record, and this one is marked once it can be complete."""
    notebook, seen = Notebook(), []
    chunked(
        count=4, notebook=notebook, on_command=lambda verb: seen.append(len(notebook.lines)) if verb == "MAIL" else None
    )

    assert [what for what, _ in notebook.lines] == ["about to complete", SENT] * 4
    assert seen == [0, 3, 5, 7]  # the first by DATA: no mark before 354


def test_no_dot_is_stuffed_and_no_bare_line_end_leaves():
    """S22: what the server counts is what it keeps; line ends are mended before they are counted."""
    contents = [
        b"first\r\n",
        b".\r\n..\r\n..x\r\n",
        b"a\n.\nMAIL FROM:<x@example.org>\r\n",
        b"a\r.\rb\0\r\n",
        b"a\r\r\n.\r\r\nb",
    ]
    server, notebook, _ = chunked(envelopes=[envelope(n, content) for n, content in enumerate(contents, 1)])

    assert outcomes(notebook) == [SENT] * 5
    assert server.messages[1] == contents[1]
    assert server.messages[2] == b"a\r\n.\r\nMAIL FROM:<x@example.org>\r\n"
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", bytes(server.wire))


def test_without_pipelining_the_chunk_waits_for_its_reader():
    """CHUNKING alone still saves the round trip of DATA."""
    server, notebook, _ = chunked(once("RCPT", b"550 5.1.1 no\r\n"), offer=("CHUNKING",))

    assert outcomes(notebook) == [NEVER, SENT, SENT]
    assert [words.split()[0] for words in server.said][1:] == [
        *("MAIL", "RCPT", "RSET"),
        *("MAIL", "RCPT", "BDAT"),
        *("MAIL", "RCPT", "BDAT"),
        "QUIT",
    ]


@pytest.mark.parametrize(
    ("said", "answer", "outcome", "phase"),
    [
        pytest.param("RCPT", b"550 5.1.1 no such\r\n", NEVER, Phase.RCPT, id="refused reader"),
        pytest.param("RCPT", b"451 4.7.1 greylisted\r\n", LATER, Phase.RCPT, id="greylisted"),
        pytest.param("DOT", b"452 4.3.1 full\r\n", LATER, Phase.DOT, id="later"),
        pytest.param("DOT", b"554 5.2.1 closed\r\n", NEVER, Phase.DOT, id="refused content"),
        pytest.param("DOT", b"552 5.3.4 too large\r\n", NEVER, Phase.DOT, id="S13"),
    ],
)
def test_a_refusal_is_the_readers_own_and_the_connection_stays(said, answer, outcome, phase):
    """S7, S9, S13: BDAT goes out although RCPT may be refused; RCPT's reply is the verdict, not BDAT's 503."""
    server, notebook, _ = chunked(once(said, answer, number=2), count=4)

    assert outcomes(notebook) == [SENT, outcome, SENT, SENT]
    assert notebook.by_delivery[2][0].phase is phase
    assert notebook.by_delivery[2][0].reply.code == int(answer[:3])
    assert server.opened == 1
    assert len(server.messages) == 3


@pytest.mark.parametrize("said", ["MAIL", "RCPT", "DOT"])
def test_a_421_defers_and_leaves_nothing_in_doubt(said):
    """S3: the server says itself that it did not take the message."""
    _, notebook, _ = chunked(once(said, Then(b"421 4.7.0 busy\r\n", Do.CLOSE), number=2))

    assert outcomes(notebook) == [SENT, LATER, SENT]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Do.CLOSE, id="S2 closes"),
        pytest.param(Do.RESET, id="S18 resets"),
        pytest.param(Do.HANG, id="S4 says nothing"),
        pytest.param(Drip(b"250 " + b"x" * 60 + b"\r\n", 0.05), id="S5 drips"),
        pytest.param(b"2" * 70_000, id="S6 says too much"),
        pytest.param(b"hello\r\n", id="S20 talks"),
        pytest.param(b"250 ok\r\n250 ok\r\n", id="S21 says it twice"),
    ],
)
def test_a_lost_or_senseless_answer_is_in_doubt(answer):
    """Never sent, never refused, and the others go on."""
    _, notebook, _ = chunked(once("DOT", answer, number=3), count=5)

    assert outcomes(notebook) == [SENT, SENT, DOUBT, SENT, SENT]
    assert notebook.by_delivery[3][0].phase is Phase.DOT


def test_a_reply_too_many_that_comes_late_is_noticed():
    """S21: it would stand for MAIL's reply, and the last of three yes would be RCPT's: never counted as sent."""
    answers = {2: Twice(b"250 2.0.0 ok\r\n", 0.01), 3: Drip(b"452 4.3.1 full\r\n", 0.01)}
    script = lambda said, number: answers.pop(number, None) if said == "DOT" else None  # noqa: E731 - one expression
    server, notebook, _ = chunked(script, count=4)

    assert outcomes(notebook) == [SENT, SENT, DOUBT, SENT]
    assert "out of step" in notebook.by_delivery[3][0].reply.text
    assert len(server.messages) == 3


@pytest.mark.parametrize("every", [2, 5])
def test_a_server_that_closes_after_some_messages_is_known_after_once(every):
    """S15: the message before which it closes goes the careful way from then on; nothing twice, no pause."""
    script = lambda said, number: (  # noqa: E731 - one expression
        Then(b"250 2.0.0 ok\r\n", Do.CLOSE) if said == "DOT" and number % every == 0 else None
    )
    started = time.monotonic()
    server, notebook, _ = chunked(script, count=40, patience=Patience(first=5, longest=5, give_up=9))

    assert outcomes(notebook).count(SENT) >= 39  # the first time it may be too late to know
    assert not {LATER, NEVER} & set(outcomes(notebook))
    assert len(server.messages) == outcomes(notebook).count(SENT)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("proof", [True, False], ids=["unread", "perhaps read"])
def test_a_close_that_cannot_have_seen_the_message_leaves_no_doubt(monkeypatch, proof):
    """What the server's machine had not even acknowledged when it hung up was not read by anybody."""
    monkeypatch.setattr(Connection, "_end_is_unread", lambda self: proof)
    _, notebook, _ = chunked(once("MAIL", Do.CLOSE, number=3), count=4)

    assert outcomes(notebook) == [SENT, SENT, SENT if proof else DOUBT, SENT]


@pytest.mark.parametrize("answer", [b"500 5.5.2 what?\r\n", b"502 5.5.1 not here\r\n", b"503 5.5.1 no\r\n"])
def test_chunking_that_is_offered_and_not_known_is_left(answer):
    """S14: refused for sure, so it comes back; the rest of the run goes by DATA."""
    server, notebook, _ = chunked(always("BDAT", answer), count=5)

    assert outcomes(notebook) == [SENT, LATER, SENT, SENT, SENT]
    assert server.opened == 2
    assert len(server.messages) == 4


def test_chunking_that_never_works_leaves_one_in_doubt_and_no_more():
    """S14: a server that hangs up on BDAT."""
    server, notebook, _ = chunked(always("BDAT", Do.CLOSE), count=9)

    assert sorted(outcomes(notebook)) == [DOUBT] + [SENT] * 8
    assert server.opened == 2


def test_broken_pipelining_is_found_by_the_careful_first_message():
    """S14: nothing is in doubt."""
    server, notebook, _ = chunked(drops_pipelined=True, count=4)

    assert outcomes(notebook) == [SENT] * 4
    assert len(server.messages) == 4


def test_a_chunk_that_never_left_is_safe():
    """S4, S18: the end of it is still here when the server stops reading."""
    large = envelope(2, (b"x" * 70 + b"\r\n") * 300_000)
    for answer, timeouts in ((Do.RESET, FAST), (Do.HANG, replace(FAST, mail=0.3, rcpt=0.3, body=0.01))):
        _, notebook, _ = chunked(
            once("BODY", answer, number=2),
            envelopes=[envelope(1), large, envelope(3)],
            timeouts=timeouts,
            offer=("PIPELINING", "CHUNKING"),
        )

        assert outcomes(notebook) == [SENT, LATER, SENT]
        assert notebook.by_delivery[2][0].phase is Phase.BODY


def test_a_reader_who_left_at_the_last_moment_costs_no_connection():
    """Stopped before a byte went: the connection goes on."""
    server, notebook, _ = chunked(notebook=Notebook(stop={2}), count=3)

    assert outcomes(notebook) == [SENT, LATER, SENT]
    assert len(server.messages) == 2
    assert server.opened == 1
    assert notebook.by_delivery[2][0].reply.text == "stopped"


def test_a_relay_that_takes_and_never_answers_is_left_alone():
    """S1: three in doubt, not more."""
    server, notebook, result = chunked(always("DOT", Do.CLOSE), count=10)

    assert outcomes(notebook) == [DOUBT] * 3
    assert result.fault is not None
    assert server.opened == 3


def test_a_late_server_answers_once_a_message():
    """One round trip each: thirty messages at 20 ms, where DATA would take twice as long."""
    late = 0.02

    async def run() -> float:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 x ESMTP\r\n")
            while data := await reader.read(1 << 20):
                await asyncio.sleep(late)
                writer.write(LATE_ANSWERS[_kind(data)])
                if data == b"QUIT\r\n":
                    break
            writer.close()

        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        left = [envelope(n) for n in range(30)]
        started = time.monotonic()
        await drain(
            Relay("127.0.0.1", listener.sockets[0].getsockname()[1], implicit_tls=False, starttls=False),
            connections=1,
            take=lambda: left.pop() if left else None,
            recorder=Notebook(),
            clock=CLOCK,
            timeouts=FAST,
        )
        took = time.monotonic() - started
        listener.close()
        return took

    assert asyncio.run(run()) < (30 + 6) * late * 1.4


LATE_ANSWERS = {
    "EHLO": b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
    "DATA": b"250 ok\r\n250 ok\r\n354 go\r\n",
    "BDAT": b"250 ok\r\n250 ok\r\n250 taken\r\n",
    "text": b"250 taken\r\n",
    "QUIT": b"221 bye\r\n",
}


def _kind(data: bytes) -> str:
    if data[:4] in (b"EHLO", b"QUIT"):
        return data[:4].decode()
    return "BDAT" if b"\r\nBDAT" in data else "DATA" if data.startswith(b"MAIL") else "text"

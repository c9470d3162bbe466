"""Draining into one server: its faults, our faults, and what each reader's record says afterwards."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from digest.delivery.breaker import Breaker
from digest.delivery.pool import DrainResult, Limits, Patience, Timeouts, drain
from digest.delivery.smtp import open_connection
from digest.model.delivery import Envelope, Outcome, Phase
from digest.settings.relay import Relay
from tests.delivery.scripted import (
    CLOCK,
    FAST,
    Do,
    Drip,
    Notebook,
    Script,
    ScriptedServer,
    Then,
    envelope,
    scripted,
)

SOON = Patience(first=0.02, longest=0.05, give_up=0.3)


def once(said: str, answer: object, number: int = 1) -> Script:
    """A script that gives *answer* to the first *said* of message *number*, and the usual one ever after."""
    left = [answer]
    return lambda words, at: left.pop() if words == said and at == number and left else None


def always(said: str, answer: object) -> Script:
    """A script that always gives *answer* to *said*."""
    return lambda words, at: answer if words == said else None


def send(
    script: Script = lambda said, number: None,
    *,
    envelopes: list[Envelope] | None = None,
    count: int = 3,
    connections: int = 1,
    notebook: Notebook | None = None,
    timeouts: Timeouts = FAST,
    patience: Patience = SOON,
    limits: Limits | None = None,
    **options: object,
) -> tuple[ScriptedServer, Notebook, DrainResult]:
    """Drain envelopes into a scripted server and return it, the record and the result."""
    left = list(envelopes or [envelope(number) for number in range(1, count + 1)])
    notebook = notebook or Notebook()

    async def run() -> tuple[ScriptedServer, DrainResult]:
        async with scripted(script, **options) as server:
            result = await drain(
                server.relay,
                connections=connections,
                take=lambda: left.pop(0) if left else None,
                recorder=notebook,
                clock=CLOCK,
                timeouts=timeouts,
                patience=patience,
                limits=limits,
                helo="client.example.org",
            )
        return server, result

    server, result = asyncio.run(run())
    return server, notebook, result


def outcomes(notebook: Notebook) -> list[Outcome]:
    return [attempt.outcome for attempt in sorted(notebook.attempts, key=lambda each: each.delivery_id)]


@pytest.mark.parametrize("offer", [("PIPELINING",), ("8BITMIME",)], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("connections", [1, 4])
def test_every_reader_gets_one_copy(offer, connections):
    """The plain case, with and without pipelining, on one connection and several."""
    server, notebook, _ = send(count=20, connections=connections, offer=offer)

    assert len(server.messages) == 20
    assert outcomes(notebook) == [Outcome.SENT] * 20
    assert notebook.attempts[0].reply.text.startswith("Ok: queued as")
    assert server.said.count("EHLO client.example.org") == server.opened <= connections
    assert server.said.count("QUIT") == server.opened


def test_nothing_is_written_before_the_last_answer_was_recorded():
    """The law that bounds duplicates: at each MAIL every earlier message of the connection is on record."""
    notebook, seen = Notebook(), []

    def watch(verb: str) -> None:
        if verb in ("MAIL", "QUIT"):
            seen.append(len(notebook.attempts))

    send(count=5, notebook=notebook, on_command=watch)

    assert seen == [0, 1, 2, 3, 4, 5]
    assert [what for what, _ in notebook.lines] == ["about to complete", Outcome.SENT] * 5


def test_content_arrives_as_it_was_made():
    """Dots, long lines and empty ones; the wire carries CRLF only."""
    contents = [b".\r\n..\r\n..x\r\n", b"a: b\r\n\r\n.\r\n.\r\n", b"x" * 998 + b"\r\n" + b".\r\n" * 5000]
    server, _, _ = send(envelopes=[envelope(n, content) for n, content in enumerate(contents, 1)])

    assert server.messages == contents
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", bytes(server.wire))


@pytest.mark.parametrize(
    "content",
    [b"a\n.\nMAIL FROM:<x@example.org>\r\n", b"a\r.\rb\r\n", b"a\r\n.\rb\r\n", b"a\0b\r\n", b"a\r\r\n.\r\r\nb"],
)
def test_no_content_smuggles_a_second_message(content):
    """S22: whatever rendering let through, the server counts one message and one command set."""
    server, notebook, _ = send(envelopes=[envelope(1, content), envelope(2)])

    assert len(server.messages) == 2
    assert outcomes(notebook) == [Outcome.SENT, Outcome.SENT]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", bytes(server.wire))


def test_a_relay_that_always_drops_after_the_dot_is_left_alone():
    """S1: three in doubt in a row and the gate closes; nobody gets copies without end."""
    server, notebook, result = send(always("DOT", Do.CLOSE), count=10)

    assert outcomes(notebook) == [Outcome.IN_DOUBT] * 3
    assert result.fault is not None
    assert result.fault.outcome is Outcome.IN_DOUBT
    assert server.opened == 3


@pytest.mark.parametrize("answer", [Do.CLOSE, Do.RESET, Do.HANG, b"hello\r\n", b"250 ok\r\n250 ok\r\n", b"2" * 70_000])
def test_a_lost_or_senseless_answer_to_the_dot_is_in_doubt(answer):
    """S2, S4, S6, S20, S21: never sent, never refused; the others go on."""
    _, notebook, _ = send(once("DOT", answer))

    assert outcomes(notebook) == [Outcome.IN_DOUBT, Outcome.SENT, Outcome.SENT]
    assert notebook.attempts[0].phase is Phase.DOT


@pytest.mark.parametrize("said", ["CONNECT", "EHLO"])
def test_a_421_at_the_door_costs_no_message_anything(said):
    """S3: waited for, and no attempt."""
    server, notebook, _ = send(once(said, Then(b"421 4.3.2 not now\r\n", Do.CLOSE)))

    assert outcomes(notebook) == [Outcome.SENT] * 3
    assert server.opened == 2


@pytest.mark.parametrize("said", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("offer", [("PIPELINING",), ()], ids=["pipelining", "one by one"])
def test_a_421_in_a_transaction_defers_that_message_only(said, offer):
    """S3: deferred with its phase, never in doubt, reconnected."""
    server, notebook, _ = send(once(said, Then(b"421 4.7.0 busy\r\n", Do.CLOSE)), offer=offer)

    assert outcomes(notebook) == [Outcome.DEFERRED, Outcome.SENT, Outcome.SENT]
    assert notebook.attempts[0].phase == said.lower()
    assert server.opened == 2


@pytest.mark.parametrize("said", ["CONNECT", "EHLO"])
def test_silence_at_the_door_is_waited_out(said):
    """S4: the phase's deadline, then another connection."""
    _, notebook, _ = send(once(said, Do.HANG))

    assert outcomes(notebook) == [Outcome.SENT] * 3


@pytest.mark.parametrize("said", ["MAIL", "RCPT", "DATA"])
def test_silence_before_the_dot_defers(said):
    """S4: safe to try again, with the phase in the log; without pipelining there is nothing to fall back to."""
    _, notebook, _ = send(once(said, Do.HANG), offer=())

    assert outcomes(notebook) == [Outcome.DEFERRED, Outcome.SENT, Outcome.SENT]
    assert notebook.attempts[0].phase == said.lower()
    assert "within 0.6 s" in notebook.attempts[0].reply.text


def test_silence_on_one_connection_does_not_hold_up_the_others():
    """S4: nine readers do not wait for the tenth."""
    _, notebook, _ = send(once("MAIL", Do.HANG), count=10, connections=3, offer=())

    assert sorted(outcomes(notebook)) == [Outcome.DEFERRED] + [Outcome.SENT] * 9


def test_a_dripping_answer_has_one_deadline_for_all_of_it():
    """S5: a byte now and then does not keep a connection for ever."""
    started = time.monotonic()
    _, notebook, _ = send(once("DOT", Drip(b"250 " + b"x" * 60 + b"\r\n", 0.05)))

    assert outcomes(notebook) == [Outcome.IN_DOUBT, Outcome.SENT, Outcome.SENT]
    assert time.monotonic() - started < 2


def test_a_greylisted_message_is_deferred_and_the_rest_goes_on():
    """S7, S8: 451 is no fault of anybody."""
    _, notebook, _ = send(once("RCPT", b"451 4.7.1 greylisted, come back\r\n"))

    assert outcomes(notebook) == [Outcome.DEFERRED, Outcome.SENT, Outcome.SENT]
    assert notebook.attempts[0].reply.enhanced == "4.7.1"


@pytest.mark.parametrize("offer", [("PIPELINING",), ()], ids=["pipelining", "one by one"])
def test_a_refused_reader_is_not_tried_again_and_delays_nobody(offer):
    """S9: the connection stays."""
    server, notebook, _ = send(once("RCPT", b"550-5.1.1 no such\r\n550 5.1.1 mailbox\r\n"), offer=offer)

    assert outcomes(notebook) == [Outcome.REFUSED, Outcome.SENT, Outcome.SENT]
    assert notebook.attempts[0].reply.text == "no such mailbox"
    assert server.opened == 1
    assert len(server.messages) == (3 if "PIPELINING" in offer else 2)  # a lone dot ends what nobody gets


def test_faults_of_ours_in_a_row_close_the_gate():
    """S10: what is wrong with us is not shown to ten thousand readers."""
    _, notebook, result = send(always("DOT", b"550 5.7.26 unauthenticated\r\n"), count=50, limits=Limits(faults=4))

    assert outcomes(notebook) == [Outcome.SENDER_FAULT] * 4
    assert result.fault is not None
    assert result.fault.reply.enhanced == "5.7.26"


def test_a_wrong_password_told_late_closes_the_gate_at_once():
    """S12: 530 to MAIL."""
    _, notebook, result = send(always("MAIL", b"530 5.7.0 log in first\r\n"), count=9)

    assert outcomes(notebook) == [Outcome.SENDER_FAULT]
    assert result.fault is not None


def test_a_server_that_does_not_want_us_closes_the_gate_and_burns_no_attempt():
    """554 for a greeting: all messages go back as they were."""
    server, notebook, result = send(always("CONNECT", b"554 5.7.1 go away\r\n"), count=9, connections=2)

    assert notebook.attempts == []
    assert result.fault is not None
    assert result.fault.phase is Phase.GREETING
    assert server.opened <= 2


def test_a_message_larger_than_the_server_takes_is_never_begun():
    """S13: a clear code, and not one byte."""
    server, notebook, _ = send(
        envelopes=[envelope(1, b"x" * 900 + b"\r\n"), envelope(2)], offer=("PIPELINING", "SIZE 500")
    )

    assert outcomes(notebook) == [Outcome.REFUSED, Outcome.SENT]
    assert notebook.attempts[0].reply.enhanced == "5.3.4"
    assert len(server.messages) == 1


def test_broken_pipelining_is_noticed_and_left():
    """S14: the server loses what comes early; nothing fails, one message is begun again one by one."""
    server, notebook, _ = send(drops_pipelined=True, count=4)

    assert outcomes(notebook) == [Outcome.SENT] * 4
    assert len(server.messages) == 4
    assert server.opened == 2


def test_without_smtputf8_a_reader_with_such_an_address_is_told_apart():
    """S14: 5.6.7 for that reader, in our words and not in the server's, and the rest goes on."""
    server, notebook, _ = send(envelopes=[envelope(1, recipient="zoë@example.net"), envelope(2)], offer=("PIPELINING",))

    assert outcomes(notebook) == [Outcome.REFUSED, Outcome.SENT]
    ours, theirs = notebook.attempts
    assert (ours.server, ours.reply.code, ours.reply.enhanced) == ("", 0, "5.6.7")
    assert (theirs.server, theirs.reply.code) == (server.relay.server, 250)


@pytest.mark.parametrize("every", [1, 5])
def test_a_server_that_closes_after_some_messages_is_no_failure(every):
    """S15, T16: reconnect at once, no repeats, no pause."""
    script: Script = lambda said, number: (  # noqa: E731 - one expression
        Then(b"250 ok\r\n", Do.CLOSE) if said == "DOT" and number % every == 0 else None
    )
    started = time.monotonic()
    server, notebook, _ = send(script, count=23, patience=Patience(first=5, longest=5, give_up=9))

    assert outcomes(notebook) == [Outcome.SENT] * 23
    assert len(server.messages) == 23
    assert server.opened in (23 // every, 23 // every + 1)
    assert time.monotonic() - started < 3


def test_fewer_connections_when_the_server_wants_fewer():
    """S16: the messages of those not let in go over the others, for longer than a server is waited for."""
    slow = always("DOT", Drip(b"250 ok\r\n", 0.002))
    server, notebook, result = send(slow, count=120, connections=8, most_connections=3)

    assert outcomes(notebook) == [Outcome.SENT] * 120
    assert len(server.messages) == 120
    assert result.gave_up is None


def test_a_relay_that_is_away_is_asked_now_and_then_and_given_up():
    """S17: what was in hand was not tried, so there is nothing to record; the rest was never taken."""
    taken: list[int] = []
    notebook = Notebook()

    def take() -> Envelope:
        taken.append(len(taken) + 1)
        return envelope(taken[-1])

    breaker = Breaker(failures=3)
    result = asyncio.run(
        drain(
            Relay("127.0.0.1", 1, implicit_tls=False, starttls=False),
            connections=2,
            take=take,
            recorder=notebook,
            clock=CLOCK,
            timeouts=FAST,
            patience=SOON,
            breakers=[breaker],
        )
    )

    assert taken == [1, 2]
    assert breaker.is_failing
    assert breaker.is_closed
    assert notebook.lines == []
    assert result.fault is None
    assert result.gave_up is not None
    assert (result.gave_up.phase, result.gave_up.reply.text) == (Phase.CONNECT, "Connection refused")


NEVER_THERE = [
    pytest.param(once("never", b""), 0, Phase.CONNECT, id="nobody listens"),
    pytest.param(always("CONNECT", Then(b"421 4.3.2 down\r\n", Do.CLOSE)), None, Phase.GREETING, id="421"),
    pytest.param(always("CONNECT", Do.CLOSE), None, Phase.GREETING, id="closes"),
    pytest.param(always("CONNECT", Do.HANG), None, Phase.GREETING, id="says nothing"),
]


@pytest.mark.parametrize(("script", "port", "phase"), NEVER_THERE)
def test_a_relay_that_was_never_reached_is_given_up_sooner(script, port, phase):
    """Somebody waits at the terminal; the long patience is for a server that was there before."""
    notebook, patience = Notebook(), Patience(first=0.1, longest=9, give_up=60, first_contact=0.6)

    async def run() -> DrainResult:
        async with scripted(script) as server:
            relay = server.relay if port is None else replace(server.relay, port=1)
            take = iter([envelope(1), envelope(2), envelope(3)]).__next__
            return await drain(
                relay, connections=3, take=take, recorder=notebook, clock=CLOCK, timeouts=FAST, patience=patience
            )

    began = time.monotonic()
    result = asyncio.run(run())

    assert time.monotonic() - began < 2
    assert notebook.lines == []
    assert (result.gave_up and result.gave_up.phase) == phase


def test_a_relay_that_goes_away_in_mid_run_has_the_long_patience():
    """It was there: a restart of it must not end the run."""
    left = {"closed": 12}

    def restarts(said: str, number: int) -> object:
        if said == "MAIL" and number == 2 and left["closed"] == 12:
            left["closed"] -= 1
            return Then(b"421 4.3.2 restarting\r\n", Do.CLOSE)
        if said == "CONNECT" and 0 < left["closed"] < 12:
            left["closed"] -= 1
            return Then(b"421 4.3.2 restarting\r\n", Do.CLOSE)
        return None

    _, notebook, result = send(restarts, patience=Patience(0.05, 0.05, give_up=5, first_contact=0.1))

    assert outcomes(notebook) == [Outcome.SENT, Outcome.DEFERRED, Outcome.SENT]
    assert (left["closed"], result.gave_up) == (0, None)


@pytest.mark.parametrize("connections", [1, 4])
def test_a_draining_that_is_told_to_stop_begins_nothing_more(connections):
    """What is under way has its answer, and what was not begun is heard of no more."""
    notebook, numbers = Notebook(), iter(range(1, 10_000))

    async def run() -> tuple[ScriptedServer, int]:
        stop = asyncio.Event()
        async with scripted(always("DOT", Drip(b"250 ok\r\n", 0.02))) as server:
            draining = asyncio.create_task(
                drain(
                    server.relay,
                    connections=connections,
                    take=lambda: envelope(next(numbers)),
                    recorder=notebook,
                    clock=CLOCK,
                    timeouts=FAST,
                    stop=stop,
                )
            )
            await asyncio.sleep(0.3)
            stop.set()
            begun = next(numbers) - 1
            await draining
        return server, begun

    server, begun = asyncio.run(run())

    assert begun >= connections
    assert outcomes(notebook) == [Outcome.SENT] * begun
    assert len(server.messages) == begun


@pytest.mark.parametrize("silent", [Do.HANG, Then(b"421 4.3.2 down\r\n", Do.CLOSE)], ids=["connecting", "waiting"])
def test_a_draining_that_finds_no_server_stops_at_once(silent):
    """Nothing is under way, so there is nothing to wait for."""

    async def run() -> float:
        stop = asyncio.Event()
        async with scripted(always("CONNECT", silent)) as server:
            draining = asyncio.create_task(
                drain(
                    server.relay,
                    connections=2,
                    take=lambda: envelope(1),
                    recorder=Notebook(),
                    clock=CLOCK,
                    timeouts=replace(FAST, greeting=30),
                    patience=Patience(first=30),
                    stop=stop,
                )
            )
            await asyncio.sleep(0.2)
            stop.set()
            began = time.monotonic()
            await draining
        return time.monotonic() - began

    assert asyncio.run(run()) < 1


def test_connections_are_tried_once_per_pause_while_the_relay_is_down():
    """S17: at most one per second and connection, here scaled down."""
    server, _, _ = send(
        always("CONNECT", Then(b"421 down\r\n", Do.CLOSE)), patience=Patience(first=0.1, longest=0.1, give_up=0.45)
    )
    pauses = [b - a for a, b in zip(server.open_at, server.open_at[1:], strict=False)]

    assert 4 <= server.opened <= 6
    assert min(pauses) >= 0.09


def test_a_reset_in_the_middle_of_the_body_is_safe():
    """S18: the dot never left our hands, so nothing is in doubt."""
    large = envelope(1, (b"x" * 70 + b"\r\n") * 300_000)
    _, notebook, _ = send(once("BODY", Do.RESET), envelopes=[large, envelope(2)], offer=("PIPELINING",))

    assert outcomes(notebook) == [Outcome.DEFERRED, Outcome.SENT]
    assert notebook.attempts[0].phase is Phase.BODY


def test_a_server_that_stops_reading_defers():
    """S4 in the body: the deadline falls with the dot still here."""
    large = envelope(1, (b"x" * 70 + b"\r\n") * 300_000)
    _, notebook, _ = send(
        once("BODY", Do.HANG), envelopes=[large, envelope(2)], timeouts=replace(FAST, body=0.01), offer=("PIPELINING",)
    )

    assert outcomes(notebook) == [Outcome.DEFERRED, Outcome.SENT]
    assert notebook.attempts[0].phase is Phase.BODY


def test_a_slow_250_is_waited_for():
    """S19: within its deadline, one copy, sent."""
    server, notebook, _ = send(once("DOT", Drip(b"250 ok\r\n", 0.03)), timeouts=replace(FAST, dot=1.2))

    assert outcomes(notebook) == [Outcome.SENT] * 3
    assert len(server.messages) == 3


def test_a_reader_whose_address_is_none_fails_alone():
    """S23: refused here, thousands of them, without the server."""
    broken = [envelope(n, recipient="local@@x") for n in range(1, 3001)]
    server, notebook, _ = send(envelopes=[*broken, envelope(3001)])

    assert outcomes(notebook) == [Outcome.REFUSED] * 3000 + [Outcome.SENT]
    assert len(server.messages) == 1


def test_a_stopped_message_is_never_completed():
    """Unsubscribed at the last moment: no dot, so nothing is delivered, and the next goes out at once."""
    server, notebook, _ = send(notebook=Notebook(stop={2}), patience=Patience(first=5, longest=5, give_up=9))

    assert outcomes(notebook) == [Outcome.SENT, Outcome.DEFERRED, Outcome.SENT]
    assert len(server.messages) == 2
    stopped = notebook.by_delivery[2][0]
    assert (stopped.phase, stopped.reply.text) == (Phase.DATA, "stopped")


def test_messages_may_come_from_a_coroutine():
    """The caller may have to ask a database."""
    left = [envelope(n) for n in range(1, 8)]
    notebook = Notebook()

    async def take() -> Envelope | None:
        await asyncio.sleep(0.001)
        return left.pop(0) if left else None

    async def run() -> int:
        async with scripted() as server:
            await drain(server.relay, connections=3, take=take, recorder=notebook, clock=CLOCK, timeouts=FAST)
            return len(server.messages)

    assert asyncio.run(run()) == 7
    assert outcomes(notebook) == [Outcome.SENT] * 7


@pytest.mark.parametrize("broken", ["finished", "about_to_complete"])
def test_without_a_record_nothing_more_is_sent(broken):
    """I4: the recorder's error ends the draining and is raised."""
    notebook = Notebook()

    def fail(what: object) -> bool:
        raise OSError("disk full")

    setattr(notebook, broken, fail)
    with pytest.raises(OSError, match="disk full"):
        send(notebook=notebook, count=10, connections=2)


def test_an_error_in_taking_is_raised():
    """Whoever gives us messages must hear of it."""
    calls: list[Callable[[], Envelope]] = [lambda: envelope(1), lambda: envelope(2)]

    def take() -> Envelope:
        return calls.pop(0)()

    async def run() -> None:
        async with scripted() as server:
            await drain(server.relay, connections=1, take=take, recorder=Notebook(), clock=CLOCK, timeouts=FAST)

    with pytest.raises(IndexError):
        asyncio.run(run())


def test_one_message_can_be_sent_without_a_pool():
    """`Connection.send`: for a confirmation mail, or a look at a server."""

    async def run() -> list[Outcome]:
        async with scripted(once("RCPT", b"550 5.1.1 no\r\n")) as server:
            connection = await open_connection(server.relay, clock=CLOCK, timeouts=FAST, helo="client.example.org")
            found = [(await connection.send(envelope(n))).outcome for n in (1, 2)]
            await connection.quit()
            return found

    assert asyncio.run(run()) == [Outcome.REFUSED, Outcome.SENT]

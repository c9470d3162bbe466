"""Several relays: what one does not take another does, and every reader has one copy."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import zip_longest

import pytest

from digest.delivery.breaker import Breaker, Circuit
from digest.delivery.pool import DrainResult, Patience, drain
from digest.model.delivery import Outcome
from digest.settings.relay import Relay
from tests.delivery.scripted import CLOCK, FAST, Do, Notebook, Script, ScriptedServer, Then, envelope, scripted

PLAIN, UTF8 = ("PIPELINING",), ("PIPELINING", "SMTPUTF8")
SOON = Patience(first=0.02, longest=0.05, give_up=0.3)
GONE = Relay("127.0.0.1", 1, implicit_tls=False, starttls=False)


def usual(said: str, number: int) -> None:
    """Take everything."""


def always(said: str, answer: object) -> Script:
    return lambda words, at: answer if words == said else None


def send(
    *scripts: Script | None,
    count: int = 30,
    connections: int = 4,
    breakers: list[Breaker] | None = None,
    recipient: str = "",
    offers: tuple[tuple[str, ...], ...] = (),
    **share: int,
) -> tuple[list[ScriptedServer], Notebook, DrainResult]:
    """Drain *count* envelopes into one server per script; None stands for one that is away."""
    named = {"recipient": recipient} if recipient else {}
    left = [envelope(number, **named) for number in range(1, count + 1)]
    notebook = Notebook()

    async def run() -> tuple[list[ScriptedServer], DrainResult]:
        async with AsyncExitStack() as stack:
            servers = [
                None if script is None else await stack.enter_async_context(scripted(script, **offer))
                for script, offer in zip_longest(scripts, ({"offer": each} for each in offers), fillvalue={})
            ]
            relays = [GONE if server is None else server.relay for server in servers]
            relays[0] = replace(relays[0], **share)
            result = await drain(
                relays,
                connections=connections,
                take=lambda: left.pop(0) if left else None,
                recorder=notebook,
                clock=CLOCK,
                timeouts=FAST,
                patience=SOON,
                breakers=breakers,
            )
        return [server for server in servers if server is not None], result

    servers, result = asyncio.run(run())
    return servers, notebook, result


def sent(notebook: Notebook) -> list[int]:
    return sorted(each.delivery_id for each in notebook.attempts if each.outcome is Outcome.SENT)


def test_two_relays_share_the_mails_and_each_attempt_names_its_server():
    """Nobody gets two."""
    servers, notebook, result = send(usual, usual)

    assert sent(notebook) == list(range(1, 31))
    assert all(server.messages for server in servers)
    assert {each.server for each in notebook.attempts} == {server.relay.server for server in servers}
    assert (result.fault, result.gave_up) == (None, None)


def test_connections_go_by_weight():
    """Three to one."""
    servers, _, _ = send(usual, usual, weight=3)

    assert [server.opened for server in servers] == [3, 1]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(None, id="away"),
        pytest.param(always("CONNECT", b"421 4.3.0 not now\r\n"), id="closed at the door"),
        pytest.param(always("CONNECT", b"554 5.7.1 go away\r\n"), id="does not want us"),
        pytest.param(always("EHLO", Do.CLOSE), id="hangs up"),
        pytest.param(always("MAIL", b"530 5.7.0 log in first\r\n"), id="wants a login"),
    ],
)
def test_what_a_broken_relay_does_not_take_the_other_takes(broken):
    """In either order; the run ends well."""
    for scripts in ((broken, usual), (usual, broken)):
        _, notebook, result = send(*scripts)
        faults = [each for each in notebook.attempts if each.outcome is not Outcome.SENT]

        assert (result.fault, result.gave_up) == (None, None)
        assert len(sent(notebook)) + len(faults) == 30
        assert len(faults) <= 4, "one for each connection that was open at most"


def test_a_relay_that_loses_replies_is_left_alone_after_three():
    """The rest goes by the other; at most one doubt more for each connection that was open."""
    breakers = [Breaker(first=60.0), Breaker()]
    _, notebook, result = send(always("DOT", Do.CLOSE), usual, breakers=breakers, count=1000)
    doubts = [each for each in notebook.attempts if each.outcome is Outcome.IN_DOUBT]

    assert 3 <= len(doubts) <= 4
    assert len(sent(notebook)) == 1000 - len(doubts)
    assert result.fault is None
    assert [each.circuit for each in breakers] == [Circuit.OPEN, Circuit.CLOSED]


def test_all_relays_away_is_as_one_that_is_away():
    """Asked for as long as patience lasts, then given up; nothing is tried."""
    _, notebook, result = send(None, None)

    assert result.gave_up is not None
    assert result.gave_up.phase == "connect"
    assert notebook.attempts == []


def test_a_relay_that_was_left_alone_is_not_asked_at_the_next_sending_before_its_time():
    """And after it one mail shows that it is well."""
    breaker = Breaker(failures=1, first=0.3)
    breaker.failed(time.monotonic())
    _, early, told = send(usual, breakers=[breaker])
    time.sleep(0.35)
    _, late, _ = send(usual, breakers=[breaker])

    assert told.gave_up is not None
    assert (early.attempts, len(sent(late))) == ([], 30)
    assert breaker.is_closed


def test_a_relays_rate_is_kept():
    """Forty a second over all of its connections."""
    began = time.monotonic()
    _, notebook, _ = send(usual, count=20, rate=40)

    assert len(sent(notebook)) == 20
    assert (20 - 4) / 40 <= time.monotonic() - began < 2


def test_a_server_that_closes_while_a_mail_waits_for_its_time_costs_nothing():
    """It goes by the next connection."""
    _, notebook, _ = send(always("DOT", Then(b"250 2.0.0 Ok\r\n", Do.CLOSE)), count=6, connections=1, rate=10)

    assert sent(notebook) == list(range(1, 7))


def test_a_reader_whom_no_server_was_asked_about_says_nothing_of_the_servers():
    """An address that is none is refused here; however many there are, no server is left alone for it."""
    breakers = [Breaker(failures=2), Breaker(failures=2)]
    _, notebook, _ = send(usual, usual, count=10, breakers=breakers, recipient="local@@x")

    assert {(each.server, each.reply.code) for each in notebook.attempts} == {("", 0)}
    assert [breaker.count for breaker in breakers] == [0, 0]


@pytest.mark.parametrize("offers", [(PLAIN, UTF8), (UTF8, PLAIN)], ids=["the second", "the first"])
def test_a_reader_whose_address_needs_smtputf8_gets_mail_by_the_server_that_offers_it(offers: tuple[tuple[str, ...]]):
    """The other one refuses nobody for what its neighbour can do."""
    servers, notebook, result = send(usual, usual, offers=offers, recipient="zoë@example.net")

    assert (len(sent(notebook)), result.fault, result.gave_up) == (30, None, None)
    assert [len(server.messages) for server in servers] == [30 if offer == UTF8 else 0 for offer in offers]


def test_a_reader_whom_only_a_server_that_is_away_could_serve_is_tried_again_later():
    """For now nobody takes such an address; that is no reason never to try again."""
    _, notebook, _ = send(usual, None, offers=(PLAIN,), recipient="zoë@example.net", count=5)

    assert [each.outcome for each in notebook.attempts] == [Outcome.DEFERRED] * 5


def test_a_reader_whom_no_server_could_serve_is_refused():
    """Neither offers SMTPUTF8: they are told apart at once."""
    _, notebook, _ = send(usual, usual, offers=(PLAIN, PLAIN), recipient="zoë@example.net", count=5)

    assert [(each.outcome, each.reply.enhanced) for each in notebook.attempts] == [(Outcome.REFUSED, "5.6.7")] * 5

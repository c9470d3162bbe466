"""A mail server hands on what came back: it is on record before it is taken, and nobody can be put out by a forgery."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from digest.feedback import listener
from digest.feedback.listener import Listening
from digest.model.newsletter import Sender
from digest.pipeline.hearing import hear_listener
from digest.pipeline.hearing.hear_listener import OurAddresses, hear_listening
from digest.tokens import Purpose
from tests.feedback.reports import dsn, group
from tests.house import House
from tests.sink import Sink

ANN, SENDER = "ann@example.net", "press@example.org"


class Served:
    """The listener in a thread."""

    def __init__(self, house: House, lmtp: bool = False) -> None:
        self.port = 0
        self._ready = threading.Event()
        self._where = Listening(port=0, lmtp=lmtp)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(house)), daemon=True)

    async def _run(self, house: House) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await hear_listening(house.installation, self._where, self._stop, on_ready=self._note)

    def _note(self, port: int) -> None:
        self.port = port
        self._ready.set()

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def sent(house: House, sink: Sink) -> House:
    """Give a house that has sent Ann a mail."""
    house.newsletter()
    house.reader(ANN)
    house.article()
    house.move(hours=1)
    house.send(sink)
    return house


@pytest.fixture
def served(sent: House) -> Iterator[Served]:
    with Served(sent) as listening:
        yield listening


def tagged(house: House) -> str:
    ((delivery,),) = house.rows("SELECT id FROM deliveries WHERE address = :a", a=ANN)
    return f"press+{house.installation.tokens.make(Purpose.BOUNCE, delivery)}@example.org"


def report() -> bytes:
    return dsn(group())


def state(house: House) -> str:
    return str(house.rows("SELECT state FROM subscriptions")[0][0])


def test_a_bounce_that_is_handed_on_is_heard_before_it_is_taken(sent: House, served: Served):
    """The tag stands in the envelope alone; the reader is mailed no more. Handed on again it changes nothing."""
    with smtplib.SMTP("127.0.0.1", served.port, timeout=10) as client:
        client.sendmail("", [tagged(sent)], report())
        first = state(sent)
        client.sendmail("", [tagged(sent)], report())

    assert first == "ended"
    assert sent.rows("SELECT COUNT(*) FROM reports") == [(1,)]


@pytest.mark.sqlite
def test_it_speaks_lmtp_too(sent: House):
    """One recipient at a time, so each has its answer."""
    with Served(sent, lmtp=True) as served, smtplib.LMTP("127.0.0.1", served.port) as client:
        client.ehlo("mx.example.org")
        client.mail("")
        assert client.rcpt(tagged(sent))[0] == 250
        assert client.rcpt(SENDER)[0] == 452
        assert client.data(report())[0] == 250

    assert state(sent) == "ended"


@pytest.mark.sqlite
def test_a_forged_report_is_taken_and_changes_nothing(sent: House, served: Served):
    """Without the tag, and with a wrong one."""
    with smtplib.SMTP("127.0.0.1", served.port, timeout=10) as client:
        for recipient in (SENDER, f"press+{'A' * 32}@example.org"):
            client.sendmail("mailer-daemon@example.net", [recipient], report())

    assert state(sent) == "active"
    assert sent.rows("SELECT COUNT(*) FROM reports") == [(2,)]


@pytest.mark.sqlite
def test_mail_to_others_is_not_taken(sent: House, served: Served):
    """It is no way to reach anybody else."""
    with smtplib.SMTP("127.0.0.1", served.port, timeout=10) as client:
        client.helo("mx.example.net")
        client.mail("eve@example.net")
        answers = [client.rcpt(each)[0] for each in ("ann@example.net", "root@localhost", "press@example.net")]

    assert answers == [550, 550, 550]


@pytest.mark.sqlite
def test_what_cannot_be_put_on_record_is_asked_for_again(sent: House, served: Served, monkeypatch):
    """451, and the server keeps it."""

    def busy(*_: object) -> None:
        raise OperationalError("", {}, Exception("database is locked"))

    monkeypatch.setattr(hear_listener, "hear", busy)
    with smtplib.SMTP("127.0.0.1", served.port, timeout=10) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("", [tagged(sent)], report())

    assert refused.value.smtp_code == 451
    assert state(sent) == "active"


HOSTILE = {
    "bytes": bytes(range(256)) * 300,
    "a line without end": b"MAIL FROM:<" + b"a" * 200_000,
    "half a mail": b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<press@example.org>\r\nDATA\r\nSubject: x\r\n",
    "commands": b"EHLO x\r\n" + b"NOOP\r\n" * 3_000,
    "a smuggled command": b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<press@example.org>\r\nDATA\r\nx\n.\nMAIL FROM:<>\r\n.\r\n",
}  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_a_client_says_the_next_one_is_heard(sent: House, served: Served, data: bytes):
    """A connection that is broken off, or never begun well, keeps nobody waiting."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        try:
            client.sendall(data)
            client.settimeout(0.2)
            client.recv(1 << 16)
        except OSError:
            pass
    with smtplib.SMTP("127.0.0.1", served.port, timeout=10) as client:
        client.sendmail("", [tagged(sent)], report())

    assert state(sent) == "ended"


@pytest.mark.sqlite
def test_a_mail_too_large_and_a_connection_too_many_are_refused(sent: House, served: Served, monkeypatch):
    """552 and 421."""
    monkeypatch.setattr(listener, "LARGEST", 10_000)
    with smtplib.SMTP("127.0.0.1", served.port, timeout=10) as client, pytest.raises(smtplib.SMTPException) as large:
        client.sendmail("", [tagged(sent)], b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n" * 10_000)
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 0)
    with pytest.raises(smtplib.SMTPConnectError) as busy:
        smtplib.SMTP("127.0.0.1", served.port, timeout=10)

    assert "552" in str(large.value)
    assert busy.value.smtp_code == 421


@pytest.mark.sqlite
def test_a_newsletter_that_is_new_has_its_address_within_a_minute(house: House):
    """Tags and capitals change nothing."""
    now = [0.0]
    ours = OurAddresses(house.installation, lambda: now[0])
    before = ours.hold("w@example.org")
    house.newsletter("weekly", sender=Sender("The Press", "w@example.org"))
    now[0] = 61.0

    assert [before, ours.hold("W+abc@Example.org"), ours.hold("w2@example.org")] == [False, True, False]

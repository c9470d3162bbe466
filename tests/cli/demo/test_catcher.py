"""The mail catcher takes real SMTP and keeps every byte."""

from __future__ import annotations

import builtins
import smtplib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from digest.cli.demo.catcher import Catcher, Caught
from digest.errors import BadInput

MESSAGE = (
    b"From: News <news@example.org>\r\nTo: ada@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"\r\n"
    b"Dear Ada,\r\n.\r\n..two dots\r\n. and one\r\n\t trailing \r\n" + "안녕\r\n".encode() + b"x" * 900 + b"\r\n"
)


def _send(port: int, recipient: str, content: bytes = MESSAGE) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail("bounce@example.org", [recipient], content, mail_options=["BODY=8BITMIME"])


def test_a_mail_is_kept_byte_for_byte_with_its_envelope():
    """Dots at line starts, UTF-8 and long lines arrive as they were handed over."""
    with Catcher() as catcher:
        _send(catcher.port, "ada@example.org")

    assert catcher.messages == (Caught("bounce@example.org", ("ada@example.org",), MESSAGE),)


def test_mails_stay_in_order_of_arrival():
    """The page numbers them as they came."""
    readers = [f"reader{n}@example.org" for n in range(5)]

    with Catcher() as catcher:
        for reader in readers:
            _send(catcher.port, reader)

    assert [caught.recipients[0] for caught in catcher.messages] == readers


def test_many_connections_at_once_lose_nothing():
    """A sender with a pool is the usual case."""
    with Catcher() as catcher, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: _send(catcher.port, f"reader{n}@example.org"), range(24)))

        assert len({caught.recipients for caught in catcher.messages}) == 24


def test_whoever_waits_is_told_when_the_mail_is_there():
    """The demo waits for the last mail, not for a fixed time."""
    with Catcher() as catcher:
        sender = threading.Timer(0.05, _send, (catcher.port, "ada@example.org"))
        sender.start()

        assert catcher.wait_for(1, timeout=10)
        sender.join()
        assert not catcher.wait_for(2, timeout=0.01)


def test_two_catchers_run_side_by_side_on_their_own_ports():
    """A demo may be started while another one is open."""
    with Catcher() as one, Catcher() as other:
        assert one.port != other.port
        assert one.smtp_url == f"smtp://127.0.0.1:{one.port}?starttls=never"


def test_it_stops_although_a_client_keeps_its_connection_open():
    """A pool that idles must not hold up the end of the demo."""
    with Catcher() as catcher:
        port = catcher.port
        idle = socket.create_connection(("127.0.0.1", port), 5)
        idle.recv(200)

    with idle, pytest.raises(OSError):  # noqa: PT011  # refused or reset, as the system likes
        socket.create_connection(("127.0.0.1", port), 1)


def test_without_aiosmtpd_it_says_what_to_install(monkeypatch):
    """The catcher is an extra; a light installation has none."""
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("aiosmtpd"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(BadInput, match=r"pip install 'digest-sender\[demo\]'"), Catcher():
        pass


def test_the_port_of_a_catcher_that_does_not_run_is_an_error_in_words():
    """Not None, which would become the port of somebody else."""
    with pytest.raises(BadInput, match="not running"):
        _ = Catcher().port

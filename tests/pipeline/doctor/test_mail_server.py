"""The mail server is asked as far as a message would go, and no further."""

from __future__ import annotations

import socket

import pytest
from pydantic import SecretStr

from digest.clock import SystemClock
from digest.pipeline.doctor.mail_server import mail_server
from digest.pipeline.doctor.verdict import Line, Verdict
from digest.settings.relay import Relay
from tests.delivery.test_smtp import aiosmtpd, certificates, serving, trusting  # noqa: F401 - a fixture
from tests.sink import Sink


def asked(port: int, *, starttls: bool = False, tls=None, **more) -> list[Line]:
    relay = Relay("127.0.0.1", port, implicit_tls=False, starttls=starttls, **more)
    return list(mail_server(relay, clock=SystemClock(), helo="test.example.org", seconds=2.0, tls=tls))


def test_a_server_on_this_machine_is_told_step_by_step(sink: Sink) -> None:
    """Reached, no TLS here, no login, and what it offers; no mail is sent."""
    lines = asked(sink.port)

    assert {each.verdict for each in lines} == {Verdict.OK}
    assert lines[-1].says == "it offers PIPELINING, 8BITMIME, SMTPUTF8"
    assert not sink.said
    assert not sink.mails


def test_a_server_without_smtputf8_is_worth_a_word() -> None:
    """Some readers cannot be reached by it."""
    with Sink(offer=("PIPELINING",)) as sink:
        *_, last = asked(sink.port)

    assert last.verdict is Verdict.WARN


def test_nobody_there_is_a_failure_with_a_remedy() -> None:
    """No step was passed."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    (line,) = asked(port)

    assert line.verdict is Verdict.FAIL
    assert "connect" in line.says
    assert "DIGEST_SMTP_URL" in line.remedy


def test_a_server_without_starttls_is_a_failure(sink: Sink) -> None:
    """It was reached; nothing more is said to it."""
    first, second = asked(sink.port, starttls=True)

    assert first.verdict is Verdict.OK
    assert second.verdict is Verdict.FAIL
    assert "STARTTLS" in second.says


def test_a_silent_server_costs_its_time_limit_and_no_more() -> None:
    """It takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (line,) = list(
            mail_server(
                Relay("127.0.0.1", silent.getsockname()[1], implicit_tls=False, starttls=False),
                clock=SystemClock(),
                helo="test.example.org",
                seconds=0.2,
            )
        )

    assert line.verdict is Verdict.FAIL
    assert "no answer within 0.2 s" in line.says


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_the_login_is_tried(certificates, password: str) -> None:  # noqa: F811
    """Under TLS with a certificate that is looked at."""
    from aiosmtpd.smtp import AuthResult

    def check(server, session, envelope, mechanism, data) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    options = {"tls_context": serving(certificates, "good"), "authenticator": check, "auth_require_tls": True}
    with aiosmtpd(**options) as (port, taken):
        lines = asked(port, starttls=True, tls=trusting(certificates), username="me", password=SecretStr(password))

    assert lines[1].says == "STARTTLS with a certificate of that name"
    assert (lines[2].verdict is Verdict.OK) == (password == "right")
    if password == "wrong":
        assert "535" in lines[2].says
        assert len(lines) == 3
    assert not taken


def test_a_certificate_of_another_name_is_a_failure(certificates) -> None:  # noqa: F811
    """The server was reached, and that is all."""
    with aiosmtpd(tls_context=serving(certificates, "other")) as (port, _):
        first, second = asked(port, starttls=True, tls=trusting(certificates))

    assert first.verdict is Verdict.OK
    assert second.verdict is Verdict.FAIL
    assert "certificate" in second.says

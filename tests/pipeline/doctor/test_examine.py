"""The doctor as a whole: everything is looked at whatever is wrong, and soon."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digest.delivery.names import LookupFailed
from digest.delivery.way_out import NotReached
from digest.model.newsletter import Sender
from digest.pipeline.doctor.examine import Instruments, Patient, examine
from digest.pipeline.doctor.verdict import Line, Verdict, guarded, ok, together
from digest.settings.relay import Relay
from digest.shipped import shipped_folder
from tests.delivery.zone import Zone
from tests.house import House
from tests.pipeline.doctor.test_sender import DOMAIN, GOOD, KEY
from tests.sink import Sink

SECRET = "9f31c6a7e80d2b54f1a6" * 1 + "d07be3128c5a4f96e21b"


def patient(house: House, sink: Sink | None = None, **more: Any) -> Patient:
    """Return an installation with nothing wrong but what *more* says."""
    relays = [Relay("127.0.0.1", sink.port, implicit_tls=False, starttls=False)] if sink else []
    good = Patient(
        clock=house.clock,
        files=[],
        secret=SECRET,
        base_url="https://news.press.net",
        templates=shipped_folder("templates"),
        engine=house.engine,
        relays=relays,
        helo="test.example.org",
        keys=[("", lambda domain: KEY.name, KEY.record)],
    )
    return replace(good, **more)


def instruments(**more: Any) -> Instruments:
    return replace(Instruments(Zone(GOOD), post=lambda url, body, seconds: 200, seconds=3.0), **more)


def wrong(lines: Sequence[Line]) -> dict[str, str]:
    return {each.check: each.says for each in lines if each.verdict is not Verdict.OK}


@pytest.fixture
def real(house: House) -> House:
    """Give the installation with a newsletter of a domain that could be one."""
    house.newsletter("daily", sender=Sender("The Press", f"press@{DOMAIN}"))
    return house


@pytest.mark.sqlite
def test_an_installation_in_order_is_told_so(real: House, sink: Sink) -> None:
    """Every line ok, but for this machine's Python and the address of a server on this machine."""
    lines = list(examine(patient(real, sink), instruments()))

    assert set(wrong(lines)) <= {"python", "ptr localhost"}
    looked_at = {each.check.partition(" ")[0] for each in lines}
    assert {"settings", "secret", "python", "clock", "database", "migrations", "newsletters", "time"} <= looked_at
    assert {"templates", "base", "one", "smtp", "spf", "dkim", "dmarc", "alignment", "mx", "ptr"} <= looked_at
    assert all(each.remedy for each in lines if each.verdict is not Verdict.OK)


@pytest.mark.sqlite
def test_the_way_out_is_asked_as_a_mail_program_asks(real: House) -> None:
    """A POST with a token that is nobody's."""
    asked: list[tuple[str, bytes]] = []

    def post(url: str, body: bytes, seconds: float) -> int:
        asked.append((url, body))
        return 200

    list(examine(patient(real), instruments(post=post)))

    ((url, body),) = asked
    assert url.startswith("https://news.press.net/u/")
    assert body == b"List-Unsubscribe=One-Click"


@pytest.mark.sqlite
@pytest.mark.parametrize(("status", "verdict"), [(200, "ok"), (204, "ok"), (301, "fail"), (404, "fail"), (405, "fail")])
def test_the_way_out_must_answer_itself(real: House, status: int, verdict: str) -> None:
    """No redirect, no refusal (RFC 8058 §3.1)."""
    lines = examine(patient(real), instruments(post=lambda url, body, seconds: status))

    assert [each.verdict.value for each in lines if each.check == "one click"] == [verdict]


@pytest.mark.sqlite
def test_without_a_network_everything_else_is_looked_at(real: House) -> None:
    """Warnings, no failure and no traceback."""

    def nobody(url: str, body: bytes, seconds: float) -> int:
        raise NotReached("Network is unreachable")

    lines = list(examine(patient(real), instruments(resolver=Zone({}, silent=True), post=nobody)))

    assert not [each for each in lines if each.verdict is Verdict.FAIL]
    unknown = wrong(lines)
    assert "Network is unreachable" in unknown["one click"]
    assert {f"spf {DOMAIN}", f"dkim {DOMAIN}", f"dmarc {DOMAIN}", f"mx {DOMAIN}"} <= set(unknown)
    assert all("no name server answered" in says for check, says in unknown.items() if check.startswith(("spf", "mx")))


@pytest.mark.sqlite
def test_without_a_resolver_it_is_said_what_is_not_looked_at(real: House) -> None:
    """One line, with how to get one."""
    lines = list(examine(patient(real), Instruments(None, "not looked up: install it", asks_servers=False)))

    assert wrong(lines)["dns"] == "not looked up: install it"


@pytest.mark.sqlite
def test_settings_that_are_all_wrong_are_all_told(house: House) -> None:
    """Each on its line; what needs them is passed by."""
    lines = list(examine(Patient(house.clock, [], ["A is wrong", "B is not set"]), instruments()))

    assert [each.says for each in lines if each.check == "settings"] == ["A is wrong", "B is not set"]
    assert {"clock", "time zones", "database"} <= {each.check for each in lines}


@pytest.mark.sqlite
def test_a_setting_that_is_none_is_a_warning(house: House) -> None:
    """It does nothing, which whoever wrote it does not expect."""
    lines = list(examine(Patient(house.clock, [], unknown=["DIGEST_X in .env is no setting"]), instruments()))

    told = [(each.verdict, each.says) for each in lines if each.check == "settings"]
    assert told[0] == (Verdict.WARN, "DIGEST_X in .env is no setting")


@pytest.mark.sqlite
def test_a_newsletter_that_must_not_be_sent_is_told(real: House) -> None:
    """No postal address, nobody who reads answers."""
    real.newsletter("daily", postal_address=" ", sender=Sender("The Press", f"noreply@{DOMAIN}"))

    lines = [each for each in examine(patient(real), instruments()) if each.check == "newsletters"]

    assert [each.verdict for each in lines] == [Verdict.WARN, Verdict.FAIL, Verdict.OK]


@pytest.mark.sqlite
def test_a_template_that_breaks_mails_is_told(real: House, tmp_path: Path) -> None:
    """As `digest` would refuse it when it is saved."""
    (tmp_path / "templates" / "email" / "digest").mkdir(parents=True)

    lines = examine(patient(real, templates=tmp_path / "templates"), instruments())

    assert [each.verdict for each in lines if each.check == "templates"] == [Verdict.FAIL]


def test_a_check_that_breaks_leaves_the_others_alone() -> None:
    """What it said before counts; the error is a line."""

    def breaks():
        yield ok("a", "well so far")
        raise RuntimeError("out of order")

    first, second = guarded("a", breaks)

    assert first.says == "well so far"
    assert second.verdict is Verdict.WARN
    assert "out of order" in second.says


def test_checks_that_wait_do_so_together() -> None:
    """Ten that hang cost the time of one; those that answer are told in order."""

    def hangs():
        time.sleep(5)
        return []

    def answers():
        return [ok("quick", "here")]

    def fails():
        raise LookupFailed("nobody answered")

    start = time.monotonic()
    checks = [*((f"slow {n}", hangs) for n in range(10)), ("quick", answers), ("none", fails)]
    lines = list(together(checks, 0.3))

    assert time.monotonic() - start < 3
    assert [each.check for each in lines] == [*(f"slow {n}" for n in range(10)), "quick", "none"]
    assert all("no answer within 0.3 s" in each.says for each in lines[:10])
    assert [each.verdict for each in lines[10:]] == [Verdict.OK, Verdict.WARN]

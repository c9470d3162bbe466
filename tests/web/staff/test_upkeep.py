"""Suppressions, sources, schedules and mail servers: what is shown, and what staff can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.settings.relay import Relay
from tests.house import House
from tests.sink import Sink
from tests.web.asking import ANNA, browser, subscription
from tests.web.staff.test_pages import EVIL, harmless, tables
from tests.web.staff.visiting import enter, press


def test_an_address_is_suppressed_with_a_reason_and_looked_up(anna: House, admin: TestClient) -> None:
    """What its reader had ends; nothing on the page lifts it, and it says what does."""
    assert "this address may be mailed" in admin.get("/staff/suppressions", params={"address": ANNA}).text
    press(admin, "/staff/suppressions", "/staff/suppressions", address=ANNA, why="wrote to us")
    press(admin, "/staff/suppressions", "/staff/suppressions", address="nobody@example.net", why="a trap")
    told = admin.get("/staff/suppressions", params={"address": ANNA.upper()}).text

    assert "this address must not be mailed" in told
    assert "their own confirmation does" in told
    assert subscription(anna)[:2] == ("ended", "suppressed")
    assert anna.rows("SELECT who, action, target, after FROM audit ORDER BY id")[0] == (
        "admin",
        "suppress",
        "subscriber 1",
        '{"why": "wrote to us"}',
    )
    assert [row[1] for row in tables(admin.get("/staff/suppressions"))] == ["staff did it", "staff did it"]
    assert ANNA not in str(anna.rows("SELECT * FROM audit"))
    for wrong in ({"address": "x", "why": "y"}, {"address": "a@example.net", "why": ""}, {"address": ANNA, "why": "z"}):
        assert press(admin, "/staff/suppressions", "/staff/suppressions", **wrong).status_code == 422


def test_a_source_is_visited_again_at_once(anna: House, admin: TestClient) -> None:
    """Its last error and its next visit are shown; the button makes it due."""
    anna.change(
        "INSERT INTO sources (slug, kind, location, spec, next_visit_at, last_error)"
        " VALUES ('wire', 'feed', 'https://press.example.net/feed', '{}', 9000000000000000, :e)",
        e=f"404 {EVIL}",
    )
    shown = admin.get("/staff/sources")
    assert harmless(shown.text)
    assert "404" in tables(shown)[0][1]
    press(admin, "/staff/sources", "/staff/sources", source="wire")
    assert press(admin, "/staff/sources", "/staff/sources", source="nothing").status_code == 404

    assert "due now" in tables(admin.get("/staff/sources"))[0][3]


def test_the_schedule_of_each_newsletter_and_the_next_slots_have_their_zones(anna: House, admin: TestClient) -> None:
    """Whole, in words."""
    anna.reader("mina@example.org", timezone="Asia/Seoul")
    answer = admin.get("/staff/schedules")

    assert ["Daily daily", "every day", "07:00", "each reader's own"] in tables(answer)
    assert ["2026-11-24 07:00 Asia/Seoul2026-11-23 22:00 UTC", "daily", "1", "Asia/Seoul"] in tables(answer)


@pytest.fixture
def wired(anna: House, sink: Sink) -> Iterator[TestClient]:
    """A browser of an installation with two mail servers, one of which is not there."""
    ours = Relay(host="127.0.0.1", port=sink.port, implicit_tls=False, starttls=False, password="canary")
    gone = Relay(host="127.0.0.1", port=1, implicit_tls=False, starttls=False)
    with browser(replace(anna.installation, relays=(ours, gone), helo="test.example.org")) as client:
        enter(anna, client, Role.ADMIN)
        yield client


def test_a_mail_server_is_tested_with_its_own_words(wired: TestClient, sink: Sink) -> None:
    """What it offers, or what went wrong; nothing is sent, and no password shown."""
    shown = wired.get("/staff/relays").text
    good = press(wired, "/staff/relays", "/staff/relays", relay="0").text
    bad = press(wired, "/staff/relays", "/staff/relays", relay="1").text

    assert "canary" not in shown + good + bad
    assert "PIPELINING" in good
    assert "connect: " in bad
    assert sink.mails == []
    assert press(wired, "/staff/relays", "/staff/relays", relay="7").status_code == 404


def test_the_records_of_each_sender_are_there_to_be_copied(anna: House, admin: TestClient) -> None:
    """What `digest doctor --dns` prints; and from the mail servers a way to them."""
    page = admin.get("/staff/records").text

    assert "_dmarc." in page
    assert "v=spf1" in page
    assert "/staff/records" in admin.get("/staff/relays").text

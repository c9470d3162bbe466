"""What is wrong becomes one alert for each cause, which operators are told of once, and which ends when it is mended."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from digest.delivery.breaker import Circuit
from digest.errors import NotFound
from digest.model.alert import AlertKind, AlertState
from digest.model.newsletter import ApprovalRule, CutOff
from digest.model.webhook import Event
from digest.pipeline.staff.watch import MAILED_EVERY, put_aside, watch
from digest.pipeline.staff.webhooks import add_webhook, tell_webhooks
from digest.store.alerts import browse_alerts, open_alerts
from digest.store.engine import reading
from tests.house import House
from tests.sink import Do, Sink

ANNA, OPS = "anna@example.org", "ops@example.net"
ROOM = (10**12, 2 * 10**12)


def look(house: House, sink: Sink | None = None) -> list[str]:
    """Look at everything once; return what is open, as kind and subject."""
    sending = house.sending(sink) if sink else None
    watch(house.installation, sending, [OPS] if sink else [], free=lambda _folder: ROOM)
    with reading(house.engine) as connection:
        return [f"{each.cause.kind}: {each.cause.subject}" for each in open_alerts(connection)]


@pytest.mark.parametrize(
    ("wrong", "mended", "told"),
    [
        pytest.param(
            "UPDATE newsletters SET paused_because = '6 of 100 readers complained'",
            "UPDATE newsletters SET paused_because = ''",
            "newsletter_paused: daily",
            id="a newsletter that paused itself",
        ),
        pytest.param(
            "INSERT INTO sources (slug, kind, location, spec, next_visit_at, last_error, failures)"
            " VALUES ('wire', 'feed', 'x', '{}', 0, 'it answered 404', 3)",
            "UPDATE sources SET failures = 2",
            "source_failing: wire",
            id="a source that fails three times in a row",
        ),
        pytest.param(
            "UPDATE deliveries SET state = 'in_doubt', next_attempt_at = NULL",
            "UPDATE deliveries SET state = 'sent'",
            "in_doubt: daily/2026-11-23",
            id="mails in doubt",
        ),
        pytest.param(
            "UPDATE deliveries SET next_attempt_at = next_attempt_at - 3700000000",
            "UPDATE deliveries SET state = 'sent', next_attempt_at = NULL",
            "edition_late: daily/2026-11-23",
            id="mails that are due for more than an hour",
        ),
        pytest.param(
            "UPDATE cadences SET next_slot_at = 1",
            "UPDATE cadences SET next_slot_at = 9000000000000000",
            "edition_late: daily",
            id="a slot that nobody planned",
        ),
        pytest.param(
            "INSERT INTO webhooks (id, url, secret, events, made_at, positions, failing_since, last_error)"
            " VALUES (1, 'https://hooks.example.org', 'x', '', 0, '{}', 1, 'it answered 500')",
            "UPDATE webhooks SET failing_since = NULL",
            "webhook_failing: 1",
            id="a webhook that takes nothing",
        ),
    ],
)
def test_a_cause_is_one_alert_until_it_is_mended(house: House, wrong: str, mended: str, told: str) -> None:
    """However often it is seen; and a new one when it comes again."""
    house.newsletter()
    house.article()
    house.reader(ANNA)
    house.plan(at=house.move(hours=1, minutes=1))
    assert look(house) == []

    house.change(wrong)
    assert look(house) == [told] == look(house)
    house.change(mended)
    assert look(house) == []

    assert [tuple(row) for row in house.rows("SELECT state FROM alerts")] == [("closed",)]


def test_an_edition_that_waits_for_its_approval_is_told_of_before_its_readers_are_due(house: House) -> None:
    """Two hours before the first of them; not after the word was said."""
    house.newsletter(approval=ApprovalRule.ONE, cut_off=CutOff(at=time(5, 0)))
    house.article(at=house.clock.at.replace(hour=3))
    house.reader(ANNA)
    house.plan(at=house.move(hours=1))

    assert look(house) == ["approval_due: daily/2026-11-23"]
    house.change("UPDATE editions SET state = 'open'")
    assert look(house) == []


def test_what_one_process_sees_is_told_by_it_and_forgotten_after_it(house: House, sink: Sink, tmp_path: Path) -> None:
    """A mail server left alone, a full disk, a damaged journal; another process that does not see it closes nothing."""
    sending = house.sending(sink)
    sending.breakers[0].circuit = Circuit.OPEN
    folder = house.installation.state_folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sender.quarantine").write_bytes(b"torn")

    watch(house.installation, sending, free=lambda _folder: (10**8, 10**12))
    house.move(minutes=1)
    seen = look(house)
    house.move(minutes=5)
    (folder / "sender.quarantine").unlink()

    assert [each.partition(":")[0] for each in seen] == ["disk_full", "journal_damaged", "relay_down"]
    assert look(house) == []


def test_a_lone_mail_server_that_is_away_is_told_of_until_it_answers(house: House, sink: Sink) -> None:
    """There is no other to turn to, so it is not left alone; operators hear of it all the same."""
    sending = house.sending(sink)
    for _ in range(4):
        sending.breakers[0].note()
    assert watch(house.installation, sending, free=lambda _folder: (10**12, 10**12)).opened == 0
    sending.breakers[0].note()
    assert watch(house.installation, sending, free=lambda _folder: (10**12, 10**12)).opened == 1
    assert sending.breakers[0].may_try(0)
    sending.breakers[0].succeeded()
    house.move(minutes=6)

    assert look(house) == []


def test_operators_get_one_mail_of_a_cause_in_an_hour(house: House, sink: Sink) -> None:
    """Once it was seen twice, in plain text; what comes back within the hour waits for its end."""
    house.newsletter()
    pause = "UPDATE newsletters SET paused_because = :why"
    house.change(pause, why="6 of 100 readers complained\r\nBcc: x@example.org")
    look(house, sink)
    assert sink.mails == []
    for why in ("6 of 100 readers complained\r\nBcc: x@example.org", "", "again", "again"):
        house.move(minutes=1)
        house.change(pause, why=why)
        look(house, sink)
    assert len(sink.mails) == 1
    house.move(seconds=MAILED_EVERY.total_seconds() + 1)
    look(house, sink)

    assert len(sink.mails) == 2
    mail = sink.mails[0]
    assert mail.recipient == OPS
    assert b"Subject: [Digest] daily paused itself: 6 of 100 readers complained" in mail.content
    assert b"\nBcc:" not in mail.content
    assert b"https://news.example.org/staff/alerts" in mail.content


def test_a_mail_that_no_server_takes_is_tried_again(house: House, sink: Sink) -> None:
    """At the next look; the page has it all the while."""
    house.newsletter()
    house.change("UPDATE newsletters SET paused_because = 'dead addresses'")
    look(house, sink)
    house.move(minutes=1)
    sink.script = lambda _recipient, _number: Do.LATER
    look(house, sink)
    sink.script = lambda _recipient, _number: Do.TAKE
    look(house, sink)

    assert len(sink.mails) == 1


def test_who_has_seen_an_alert_puts_it_aside_while_it_lasts(house: House) -> None:
    """It is open no more, and on record; when it comes anew it is a new alert."""
    house.newsletter()
    pause = "UPDATE newsletters SET paused_because = :why"
    house.change(pause, why="dead addresses")
    look(house)
    put_aside(house.installation, 1, by="mina")
    assert look(house) == []
    with pytest.raises(NotFound):
        put_aside(house.installation, 1, by="mina")
    house.change(pause, why="")
    look(house)
    house.change(pause, why="again")

    assert look(house) == ["newsletter_paused: daily"]
    with reading(house.engine) as connection:
        (over,) = browse_alerts(connection).rows
    assert (over.state, over.closed_by) == (AlertState.CLOSED, "mina")
    assert house.rows("SELECT who, action FROM audit") == [("mina", "alert.put_aside")]


def test_a_webhook_is_told_of_alerts(house: House) -> None:
    """As of anything else that happens."""
    house.newsletter()
    add_webhook(house.installation, "https://hooks.example.org/x", [Event.ALERT])
    house.change("UPDATE newsletters SET paused_because = 'dead addresses'")
    look(house)
    got: list[bytes] = []
    tell_webhooks(house.installation, lambda _url, content, _headers: got.append(content) or 204)  # type: ignore[func-returns-value]

    assert len(got) == 1
    assert b'"type":"alert.opened"' in got[0]
    assert AlertKind.NEWSLETTER_PAUSED.value.encode() in got[0]

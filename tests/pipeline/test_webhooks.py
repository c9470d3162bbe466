"""Webhooks of ours: each thing that happened is told once, signed, and again until it is taken; sending knows nothing."""

from __future__ import annotations

import base64
import hmac
import json
import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import event

from digest.errors import BadInput, FetchRefused, NotFound
from digest.model.webhook import DELAYS, Event
from digest.pipeline.hearing.hear import hear
from digest.pipeline.hearing.hear_replies import hear_replies
from digest.pipeline.staff.webhooks import Told, add_webhook, poster, tell_webhooks, try_webhook
from digest.pipeline.subscribers.erase_subscriber import erase_rows
from digest.store import webhooks
from digest.store.engine import reading
from digest.tokens import Purpose
from tests.feedback.reports import complaint, dsn, group
from tests.house import SECRET, House
from tests.sink import Do, Sink

ANNA, BEN = "anna@example.net", "ben@example.net"
URL = "https://hooks.example.org/digest"


class Ear:
    """Takes what is sent, until it is told to answer otherwise."""

    def __init__(self) -> None:
        self.answer: int | str = 204
        self.got: list[tuple[str, dict[str, Any], dict[str, str], bytes]] = []

    def __call__(self, url: str, content: bytes, headers: Mapping[str, str]) -> int:
        self.got.append((url, json.loads(content), dict(headers), content))
        if isinstance(self.answer, str):
            raise FetchRefused(self.answer)
        return self.answer

    def told(self) -> list[tuple[str, str]]:
        """Return type and address of everything so far, and forget it."""
        found = [(said["type"].partition(".")[2], said["data"]["address"]) for _, said, _, _ in self.got]
        self.got.clear()
        return found


@pytest.fixture
def ear() -> Ear:
    return Ear()


def add(house: House, *events: Event) -> tuple[int, str]:
    return add_webhook(house.installation, URL, events)


def tell(house: House, ear: Ear, **later: float) -> list[tuple[str, str]]:
    house.move(**later)
    tell_webhooks(house.installation, ear)
    return ear.told()


def tag_of(house: House, address: str) -> str:
    number = house.rows("SELECT id FROM deliveries WHERE address = :a", a=address)[0][0]
    return house.installation.tokens.make(Purpose.BOUNCE, number)


def bounced(house: House, address: str) -> bytes:
    mail = dsn(group("550 5.1.1 User unknown", to=address, status="5.1.1"), to=address)
    return mail.replace(b"To: bounce@", f"To: bounces+{tag_of(house, address)}@".encode(), 1)


def test_what_happens_to_a_reader_is_told_once_each(house: House, sink: Sink, ear: Ear) -> None:
    """Joined, mailed, refused, bounced, put out, left, come back; what was before the webhook is not told."""
    house.reader(ANNA)
    add(house)
    assert tell(house, ear) == []
    house.reader(BEN)
    house.reader(BEN, name="Ben")
    assert tell(house, ear) == [("subscribed", BEN)]

    house.article()
    house.move(hours=2)
    house.send(sink)
    assert sorted(tell(house, ear)) == [("sent", ANNA), ("sent", BEN)]

    hear(house.installation, [bounced(house, ANNA)])
    assert sorted(tell(house, ear)) == [("bounced", ANNA), ("unsubscribed", ANNA)]
    house.leave(BEN)
    assert tell(house, ear) == [("unsubscribed", BEN)]
    assert tell(house, ear, days=3) == []


def test_a_mail_that_is_refused_is_told_as_failed_and_not_as_bounced(house: House, sink: Sink, ear: Ear) -> None:
    """With the server's words; what it means for the address is told as what follows from it."""
    house.reader(ANNA)
    add(house)
    house.article()
    house.move(hours=2)
    sink.script = lambda _who, _number: Do.NEVER
    house.send(sink)
    hear_replies(house.installation)
    tell_webhooks(house.installation, ear)
    told = {said["type"]: said["data"] for _, said, _, _ in ear.got}

    assert set(told) == {"delivery.failed", "subscriber.unsubscribed"}
    assert told["delivery.failed"]["reply_code"] == 550
    assert "no such mailbox" in told["delivery.failed"]["text"]
    assert told["subscriber.unsubscribed"]["reason"] == "suppressed"


def test_a_complaint_is_told(house: House, sink: Sink, ear: Ear) -> None:
    """One that is proved to be about our mail; a forged one is not."""
    house.reader(ANNA)
    add(house, Event.COMPLAINED)
    house.article()
    house.move(hours=2)
    house.send(sink)
    ours = complaint("abuse", f"Original-Envelope-Id: {tag_of(house, ANNA)}", to=ANNA)
    hear(house.installation, [complaint(to=ANNA), ours, ours.replace(b"version 1", b"version 2")])

    assert tell(house, ear) == [("complained", ANNA)]


def test_a_message_is_signed_as_standard_webhooks_has_it(house: House, ear: Ear) -> None:
    """Id, time and body, under the secret that was printed; the same id and body at each try."""
    _, secret = add(house)
    house.reader(ANNA)
    ear.answer = 500
    tell_webhooks(house.installation, ear)
    house.move(minutes=1)
    ear.answer = 200
    tell_webhooks(house.installation, ear)
    first, second = ear.got

    for _, said, headers, content in ear.got:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
        expected = base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert said == {
            "type": "subscriber.subscribed",
            "timestamp": "2026-11-23T06:00:00+00:00",
            "data": {
                "newsletter": "daily",
                "subscriber": 1,
                "address": ANNA,
                "source": said["data"]["source"],
                "reason": "",
            },
        }
    assert first[2]["webhook-id"] == second[2]["webhook-id"]
    assert first[3] == second[3]
    assert int(second[2]["webhook-timestamp"]) - int(first[2]["webhook-timestamp"]) == 60


def test_what_is_not_taken_is_tried_again_ever_later_and_given_up_at_last(house: House, ear: Ear) -> None:
    """By the delays that Standard Webhooks recommends; meanwhile another message is a try of its own."""
    number, _ = add(house, Event.SUBSCRIBED)
    house.reader(ANNA)
    ear.answer = "it is away"
    tries = 0
    for delay in (timedelta(0), *DELAYS):
        if delay:
            assert tell(house, ear, seconds=delay.total_seconds() - 1) == []
        tries += len(tell(house, ear, seconds=1))

    with reading(house.engine) as connection:
        known = webhooks.find_webhook(connection, number)
    assert tries == 1 + len(DELAYS)
    assert tell(house, ear, days=30) == []
    assert (known.last_error, known.failing_since is not None) == ("it is away", True)


def test_one_failure_keeps_the_rest_of_that_webhook_waiting_and_no_other(house: House, ear: Ear) -> None:
    """A dead address costs one try a turn."""
    add(house, Event.SUBSCRIBED)
    add_webhook(house.installation, f"{URL}/other", [Event.SUBSCRIBED])
    house.readers([{"email": f"r{n}@example.net", "topics": "trade"} for n in range(30)])

    def send(url: str, content: bytes, headers: Mapping[str, str]) -> int:
        ear(url, content, headers)
        return 204 if url.endswith("other") else 503

    done = tell_webhooks(house.installation, send)

    assert done.taken == 30
    assert 1 <= done.failed <= 8


def test_a_webhook_that_takes_nothing_for_days_is_told_no_more_and_says_so(
    house: House, ear: Ear, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the list and in the log; a test that it takes lets it go on from there."""
    number, _ = add(house, Event.SUBSCRIBED)
    house.reader(ANNA)
    ear.answer = 500
    for _ in range(12):
        done = tell_webhooks(house.installation, ear)
        house.move(hours=12)
        if done.disabled:
            break
    with reading(house.engine) as connection:
        known = webhooks.find_webhook(connection, number)
    house.reader(BEN)
    ear.got.clear()

    assert done.disabled == (number,)
    assert known.disabled_because == "it took nothing since 2026-11-23 06:00 UTC: it answered 500"
    assert "webhook_disabled" in capsys.readouterr().out
    assert tell(house, ear) == []
    with pytest.raises(BadInput, match="500"):
        try_webhook(house.installation, number, ear)
    ear.answer = 200
    assert try_webhook(house.installation, number, ear) == 200
    ear.got.clear()
    assert ("subscribed", BEN) in tell(house, ear)


def test_a_webhook_that_is_gone_says_so_itself(house: House, ear: Ear) -> None:
    """410: at once."""
    number, _ = add(house)
    house.reader(ANNA)
    ear.answer = 410

    assert tell_webhooks(house.installation, ear) == Told(0, 1, (number,))


def test_an_erased_reader_is_nowhere_in_what_waits(house: House, ear: Ear) -> None:
    """What is told is read when it is told."""
    add(house)
    house.reader(ANNA)
    ear.answer = 500
    tell_webhooks(house.installation, ear)
    ear.got.clear()
    erase_rows(house.engine, ANNA, secret=SECRET, now=house.clock.now())
    ear.answer = 200

    house.move(minutes=1)
    tell_webhooks(house.installation, ear)

    assert ear.got
    assert not [each for each in ear.got if b"anna" in each[3]]
    assert "anna" not in str(house.rows("SELECT * FROM webhook_messages"))


def test_what_was_told_is_forgotten_after_a_day(house: House, ear: Ear) -> None:
    """PostgreSQL keeps the latest, for which the log is read again."""
    number, _ = add(house)
    house.reader(ANNA)
    assert len(tell(house, ear)) == 1
    house.move(days=2)
    house.reader(BEN)
    tell(house, ear)
    house.move(days=2)
    house.reader("cora@example.net")
    tell(house, ear)

    kept = len(house.rows("SELECT id FROM webhook_messages"))
    assert kept == (1 if house.engine.dialect.name == "sqlite" else 3)
    with house.engine.begin() as connection:
        webhooks.remove_webhook(connection, number)
        with pytest.raises(NotFound):
            webhooks.remove_webhook(connection, number)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "https://hooks.example.org:8443/",
        "https://user:word@hooks.example.org/",
        "https://2130706433/",
        "hooks.example.org",
    ],
)
@pytest.mark.sqlite
def test_an_address_that_must_not_be_told_is_refused_when_it_is_added(house: House, url: str) -> None:
    """Plain http is for tests on one machine."""
    with pytest.raises(FetchRefused):
        add_webhook(house.installation, url, [])


@pytest.mark.sqlite
@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.8", "[::1]", "169.254.169.254", "localhost"])
def test_a_private_address_is_never_told(house: House, host: str) -> None:
    """The guard of feeds: whatever the name leads to when it is told."""
    add_webhook(house.installation, f"https://{host}/", [])
    house.reader(ANNA)

    done = tell_webhooks(house.installation, poster(allow_private=False))

    assert (done.taken, done.failed) == (0, 1)
    assert "is not fetched" in house.rows("SELECT last_error FROM webhooks")[0][0]


@pytest.mark.sqlite
def test_sending_does_nothing_for_webhooks(house: House, sink: Sink) -> None:
    """With none, and with one: the same statements, and none of them names a webhook."""
    house.readers([{"email": f"r{n}@example.net", "topics": "trade"} for n in range(20)])
    seen: list[str] = []

    def trace(connection: sqlite3.Connection, _record: Any) -> None:
        connection.set_trace_callback(seen.append)

    event.listen(house.engine, "connect", trace)
    counts = []
    for webhook in (False, True):
        if webhook:
            add(house)
        house.article()
        house.move(days=1)
        house.plan()
        house.engine.dispose()
        seen.clear()
        house.dispatch(sink, connections=1)
        counts.append(sum(each.startswith("INSERT INTO attempts") for each in seen))
        assert not [each for each in seen if "webhook" in each]

    assert counts == [20, 20]


def test_a_tick_without_webhooks_asks_once(house: House, ear: Ear) -> None:
    """One short look."""
    house.reader(ANNA)
    with house.statements() as sent:
        assert tell_webhooks(house.installation, ear) == Told()

    assert len([each for each in sent if not each.startswith(("BEGIN", "COMMIT"))]) == 1

"""Long lists, a stretch at a time: every row once, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from digest.model.api_token import Scope
from digest.pipeline.staff.answered_once import Once, Turn, forget_answered
from digest.pipeline.staff.api_tokens import make_token
from digest.pipeline.staff.suppress_address import suppress_address
from digest.store import attempt_list, subscription_list
from digest.store.attempt_list import browse_attempts
from digest.store.browsing import Page
from digest.store.engine import reading
from digest.store.subscription_list import browse_readers
from digest.store.suppression_list import browse_suppressions
from tests.house import House
from tests.sink import Do, Sink


def walked(house: House, browse: Callable[..., Page[Any]], **which: Any) -> list[Any]:
    """Return every row of a list, page by page."""
    found: list[Any] = []
    after: tuple[int, ...] = ()
    with reading(house.engine) as connection:
        while True:
            page = browse(connection, **which, after=after)
            found += page.rows
            after = page.after
            if not after:
                return found


def test_attempts_and_readers_are_found_stretch_by_stretch(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By outcome, by state, by domain; a stretch without any is an empty page and not the end."""
    monkeypatch.setattr(attempt_list, "READ", 7)
    monkeypatch.setattr(subscription_list, "READ", 7)
    house.readers([{"email": f"r{n}@{'b' if n % 5 else 'a'}.example.net", "topics": "trade"} for n in range(60)])
    house.article()
    house.move(hours=2)
    sink.script = lambda who, _number: Do.NEVER if who.startswith("r3@") else Do.TAKE
    house.send(sink)
    house.leave("r7@b.example.net")
    (newsletter,) = house.rows("SELECT id FROM newsletters")[0]

    assert len(walked(house, browse_attempts)) == 60
    assert [each.recipient for each in walked(house, browse_attempts, outcome="refused")] == ["r3@b.example.net"]
    readers = walked(house, browse_readers, newsletter_id=newsletter)
    assert len({each.subscriber_id for each in readers}) == len(readers) == 60
    ended = walked(house, browse_readers, newsletter_id=newsletter, state="ended")
    assert [each.address for each in ended] == ["r7@b.example.net"]
    assert len(walked(house, browse_readers, newsletter_id=newsletter, domain="A.example.net")) == 12
    assert walked(house, browse_readers, newsletter_id=newsletter, domain="example.net") == []


def test_suppressions_are_listed_latest_first(house: House) -> None:
    """One for each address."""
    for n in range(60):
        suppress_address(house.installation, "mina", f"r{n}@example.net", "asked")

    found = walked(house, browse_suppressions)

    assert len({each.address_hash for each in found}) == len(found) == 60
    assert {each.reason for each in found} == {"admin"}


def test_an_answer_is_kept_for_a_day_and_no_longer(house: House) -> None:
    """Also when nobody asks again."""
    token_id, _ = make_token(house.installation, "shop", [Scope.ARTICLES_WRITE], by="test")
    once = Once(house.installation, token_id, "k")
    assert once.begin(b"x")[0] is Turn.DO
    once.end(201, "application/json", b"{}")

    turn, known = once.begin(b"x")
    forget_answered(house.installation)
    assert (turn, known and known.body) == (Turn.REPEAT, b"{}")
    house.clock.at += timedelta(hours=24)
    forget_answered(house.installation)

    assert house.rows("SELECT status FROM api_requests") == []

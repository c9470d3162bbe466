"""Several newsletters in one mail: what readers get who want them together."""

from __future__ import annotations

from datetime import time

import pytest

from digest.model.newsletter import ApprovalRule, CutOff, Schedule
from digest.pipeline.tick import plan_due
from digest.store.subscriptions import set_joins
from tests.house import House, titles
from tests.sink import Do, Sink

ANN = "ann@example.org"


def together(house: House, address: str = ANN, *, wanted: bool = True) -> None:
    (row,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=address)
    with house.engine.begin() as connection:
        set_joins(connection, row[0], newsletters=wanted, now=house.clock.now())


def two_letters(house: House, **beta: object) -> None:
    """Alpha comes at 07:00, beta at 09:00 unless it is said otherwise; Ann has both, and wants them together."""
    house.newsletter("alpha")
    house.newsletter("beta", **{"schedule": Schedule(at=time(9, 0)), **beta})
    house.reader(ANN, "alpha")
    house.reader(ANN, "beta", topics="energy")
    together(house)


def tick(house: House, sink: Sink, *hours: float) -> None:
    """Let the hours pass, each with a tick at its end."""
    for each in hours or (0.0,):
        house.move(hours=each)
        plan_due(house.installation)
        house.dispatch(sink)


def test_what_is_due_at_one_hour_is_one_mail(house: House, sink: Sink) -> None:
    """Both newsletters' articles, one message, one row that was sent; the other part says where it is."""
    two_letters(house, schedule=Schedule(at=time(7, 0)))
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1)

    (mail,) = sink.mails
    assert titles(mail.html, house) == ["Solar story 2", "Tariff story 1"]
    assert house.states("alpha/2026-11-23") == {ANN: "sent"}
    assert house.states("beta/2026-11-23") == {ANN: "skipped(together)"}


def test_what_is_due_later_that_day_comes_with_the_next_days_mail(house: House, sink: Sink) -> None:
    """Beta's hour comes after the day's mail has gone."""
    two_letters(house)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 1, 2)
    house.article("trade")

    tick(house, sink, 22)

    first, second = (titles(mail.html, house) for mail in sink.mails)
    assert first == ["Tariff story 1"]
    assert second == ["Solar story 2", "Tariff story 3"]

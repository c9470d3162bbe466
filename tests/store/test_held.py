"""Held articles: told while it matters, soonest free first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.model.article import ArticleState
from digest.model.ruling import RulingKind
from digest.pipeline.editing.rule_article import rule_article
from digest.store.articles import set_state
from digest.store.engine import reading
from digest.store.held import held_articles
from tests.house import House


def rule(house: House, article: int, kind: RulingKind, hours: int = 0) -> None:
    until = house.clock.now() + timedelta(hours=hours) if hours else None
    rule_article(house.installation, article, kind, "", until=until, by="mina")


def held(house: House, most: int = 20) -> list[tuple[str, str]]:
    with reading(house.engine) as connection:
        return [(each.title, each.reason) for each in held_articles(connection, house.clock.now(), most=most)]


@pytest.mark.parametrize(("hours", "is_told"), [(0, False), (5, True)], ids=["for good", "for some hours"])
def test_of_old_articles_only_those_that_come_free_some_day_are_told(house: House, hours: int, is_told: bool) -> None:
    """Nobody would be sent the others anyhow."""
    rule(house, house.article(at=house.clock.now() - timedelta(days=15)), RulingKind.EXCLUDE, hours)

    assert bool(held(house)) is is_told


def test_the_soonest_free_is_told_first_and_a_list_has_its_end(house: House) -> None:
    """Whatever keeps it out; those without an end come last."""
    for title in ("Gone", "Never", "Later", "Soon", "Over"):
        house.article(title=title)
    with house.engine.begin() as connection:
        set_state(connection, 1, ArticleState.WITHDRAWN, now=house.clock.now())
    rule(house, 2, RulingKind.EXCLUDE)
    rule(house, 3, RulingKind.EMBARGO, 9)
    rule(house, 4, RulingKind.EXCLUDE, 3)
    rule(house, 5, RulingKind.EXPIRE)
    told = held(house)

    assert told[:2] == [("Soon", "exclude"), ("Later", "embargo")]
    assert sorted(told[2:]) == [("Gone", "withdrawn"), ("Never", "exclude"), ("Over", "expire")]
    assert held(house, most=1) == told[:1]

"""Readers that tests about planning share, what they chose and what they were told."""

from __future__ import annotations

from digest.pipeline.reading.subscribe import preferences_for
from tests.house import House, titles
from tests.sink import Sink

ANNA, BEN, CHO, DAN = "anna@example.org", "ben@example.org", "cho@example.org", "dan@example.org"


def choices(house: House, address: str, newsletter: str = "daily"):
    (row,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=address)
    found = preferences_for(house.installation, house.links.preferences(row[0]).rpartition("/")[2])
    assert found is not None
    return next(each for each in found[1] if each.newsletter.slug == newsletter)


def told(house: House, sink: Sink, address: str = ANNA) -> list[list[str]]:
    return [titles(mail.html, house) for mail in sink.to(address)]

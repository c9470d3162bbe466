"""A test that begins with the copy of a story has what the story left."""

from __future__ import annotations

from collections.abc import Callable

from tests.house import House
from tests.lived import Story
from tests.sink import Sink


def a_morning(house: House, sink: Sink) -> None:
    house.reader("anna@example.org")
    house.article("trade")
    house.move(hours=2)
    house.send(sink)


def test_a_story_that_was_lived_through_ends_alike_when_it_is_copied(
    lived: Callable[[Story], House], house: House, sink: Sink
):
    """The rows, the clock, the mails, and the numbers that come next."""
    lived(a_morning)
    before = (house.dump(), house.clock.now(), list(sink.mails))
    house.reader("ben@example.org")
    third = house.article("trade")
    house.change("UPDATE articles SET source = 'elsewhere'")
    house.move(days=1)
    sink.clear()
    lived(a_morning)

    assert (house.dump(), house.clock.now(), list(sink.mails)) == before
    house.reader("ben@example.org")
    assert house.article("trade") == third

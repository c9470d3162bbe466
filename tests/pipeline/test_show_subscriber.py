"""What an admin is shown of one subscriber."""

from __future__ import annotations

from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from tests.house import House
from tests.pipeline.people import ANNA


def test_who_left_is_shown_with_the_moment_of_leaving(house: House):
    """Not with the midnight from which readers of that day look back."""
    house.newsletter()
    house.newsletter("weekly")
    house.reader(ANNA)
    house.reader(ANNA, "weekly")
    left_at = house.move(minutes=10)
    house.leave(ANNA)

    daily, weekly = subscriber_as_json(house.engine, ANNA)["subscriptions"]

    assert (daily["state"], daily["since"]) == ("ended", left_at.isoformat())
    assert weekly["since"] != daily["since"]

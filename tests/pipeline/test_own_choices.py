"""What a reader chose by their own hand, and a file that says otherwise."""

from __future__ import annotations

import io
from typing import Any

import pytest

from digest.model.subscriber import Follow, Interests
from digest.pipeline.reading import subscribe
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from digest.pipeline.subscribers.import_subscribers import Imported, import_file
from digest.store.profiles import interests_from_text
from tests.house import SECRET, House

ANNA = "anna@example.org"
FILE = f"email,name,locale,timezone,topics,muted,keywords,send_at\n{ANNA},Anna,en,UTC,trade,sport,harbour,06:30\n"


@pytest.fixture
def read(house: House) -> House:
    """Give an installation whose daily newsletter Anna reads as the file says."""
    bring(house)
    return house


def bring(house: House, content: str = FILE, newsletter: str = "daily", **more: Any) -> Imported:
    source = io.BytesIO(content.encode())
    return import_file(house.engine, source, newsletter=newsletter, now=house.clock.now(), secret=SECRET, **more)


def reader_id(house: House) -> int:
    (row,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=ANNA)
    return int(row[0])


def choose(house: House, *topics: str, **more: Any) -> None:
    found = subscribe.preferences_for(house.installation, house.links.preferences(reader_id(house)).split("/")[-1])
    assert found is not None
    subscribe.choose(house.installation, found[1][0], topics=topics, **{"send_at": "06:30", **more})


def settle(house: House, zone: str, locale: str) -> None:
    subscribe.settle(house.installation, reader_id(house), zone=zone, locale=locale)


def agreed(house: House, newsletter: str = "daily") -> tuple[Interests, str, str]:
    """Return interests, own hour, zone of the cadence."""
    (row,) = house.rows(
        "SELECT p.interests, s.send_at, c.zone FROM subscriptions s JOIN profiles p ON p.id = s.profile_id"
        " JOIN cadences c ON c.id = s.cadence_id WHERE s.id = :i",
        i=house.subscription_id(ANNA, newsletter),
    )
    return interests_from_text(row[0]), row[1], row[2]


def person(house: House) -> tuple[Any, ...]:
    (row,) = house.rows("SELECT name, locale, zone FROM subscribers")
    return row


def test_a_file_does_not_undo_what_a_reader_chose(read: House) -> None:
    """Interests and hour stay; the row is counted as unchanged, and its reader as kept."""
    choose(read, "space", muted=["energy"], keywords="naira", send_at="05:15")
    chosen = agreed(read)

    found = bring(read)

    assert agreed(read) == chosen
    assert (found.updated, found.unchanged, found.kept) == (0, 1, 1)
    (problem,) = found.problems
    assert (problem.line, "chose for themselves (interests, hour)" in problem.reason) == (2, True)


def test_with_overwrite_the_file_wins(read: House) -> None:
    """And goes on winning: what was chosen is no more."""
    choose(read, "space", send_at="05:15")

    over = bring(read, overwrite=True)
    again = bring(read)

    interests, hour, _ = agreed(read)
    assert [each.topic for each in interests.follows] == ["trade"]
    assert hour == "06:30"
    assert (over.updated, over.kept, again.unchanged, again.kept) == (1, 0, 1, 0)


def test_an_overwrite_that_says_the_same_takes_no_choice_away(read: House) -> None:
    """The reader chose it still, so the next file without the option leaves it alone."""
    choose(read, "trade", send_at="06:30")

    bring(read, overwrite=True)
    found = bring(read, FILE.replace("trade", "space"))

    assert [each.topic for each in agreed(read)[0].follows] == ["trade"]
    assert found.kept == 1


def test_a_file_that_agrees_with_the_reader_keeps_nothing_from_anybody(read: House) -> None:
    """No line in the report for what is no difference."""
    choose(read, "trade", send_at="06:30")

    found = bring(read)

    assert (found.unchanged, found.kept, found.problems) == (1, 0, ())


def test_who_chose_nothing_gets_what_the_file_says(read: House) -> None:
    """A pause or leaving and coming back is no choice of topics."""
    found = bring(read, FILE.replace("trade", "space"))

    assert [each.topic for each in agreed(read)[0].follows] == ["space"]
    assert (found.updated, found.kept) == (1, 0)


def test_a_choice_for_one_newsletter_is_none_for_another(read: House) -> None:
    """Each agreement has its own."""
    read.newsletter("weekly")
    bring(read, newsletter="weekly")
    choose(read, "space")

    found = bring(read, FILE.replace("trade", "energy"), newsletter="weekly")

    assert [each.topic for each in agreed(read, "weekly")[0].follows] == ["energy"]
    assert (found.updated, found.kept) == (1, 0)


def test_languages_and_name_come_from_the_file_whatever_was_chosen(read: House) -> None:
    """The page does not ask for them, so nobody chose them there."""
    choose(read, "space", send_at="06:30")
    settle(read, "Asia/Seoul", "ko")

    bring(read, f"email,name,languages\n{ANNA},Anna Maria,ko|en\n")

    interests, _, _ = agreed(read)
    assert ([each.topic for each in interests.follows], interests.languages) == (["space"], ("en", "ko"))
    assert person(read) == ("Anna Maria", "ko", "Asia/Seoul")


def test_a_file_does_not_move_a_reader_who_said_where_they_live(read: House) -> None:
    """Nor does it change the language they chose; nor the clock of any newsletter."""
    read.newsletter("weekly")
    settle(read, "Asia/Seoul", "ko")

    found = bring(read)
    other = bring(read, newsletter="weekly")

    assert person(read) == ("Anna", "ko", "Asia/Seoul")
    assert (agreed(read)[2], agreed(read, "weekly")[2]) == ("Asia/Seoul", "Asia/Seoul")
    assert (found.unchanged, found.kept, other.added, other.kept) == (1, 1, 1, 1)
    assert "(locale, zone)" in found.problems[0].reason


def test_with_overwrite_a_file_moves_them_all_the_same(read: House) -> None:
    """Zone, language and the clocks that follow."""
    settle(read, "Asia/Seoul", "ko")

    bring(read, overwrite=True)

    assert person(read) == ("Anna", "en", "UTC")
    assert agreed(read)[2] == "UTC"
    assert read.rows("SELECT chosen_at FROM subscribers") == [(None,)]


def test_a_topic_keeps_its_weight_and_day_when_the_reader_saves_it_again(read: House) -> None:
    """The page has no weights, so it does not take them away."""
    bring(read, FILE.replace("trade", "trade:2"))

    choose(read, "trade", "space")

    today = read.clock.now().date()
    assert agreed(read)[0].follows == (Follow("space", since=today), Follow("trade", 2.0))


def test_an_erased_reader_chose_nothing(read: House) -> None:
    """Not even when."""
    choose(read, "space")
    settle(read, "Asia/Seoul", "ko")

    erase_subscriber(read.engine, ANNA, secret=SECRET, now=read.clock.now())

    assert read.rows("SELECT chosen_at FROM subscribers UNION ALL SELECT chosen_at FROM subscriptions") == [(None,)] * 2

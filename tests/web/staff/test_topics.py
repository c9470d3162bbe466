"""Topics: what one would match is seen before it is kept, with the words and fields that say so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.article import Section
from digest.model.staff import Role
from digest.pipeline.collecting.try_topic import try_topic
from digest.pipeline.composing.match_articles import match_articles
from digest.store.engine import reading
from digest.store.matches import matches_of
from digest.store.newsletters import load_topics
from digest.store.tables import matchings
from tests.house import House
from tests.web.staff.test_pages import tables
from tests.web.staff.visiting import press

PAGE = "/staff/topics/trade"
SEA = "Ships wait at the harbour, and captains at the harbour say the tide is late for ships."
BALL = "They ran and ran on the grass and kicked the ball over the goal."


def of_the_sea(house: House, number: int) -> int:
    """Collect one of some articles that speak alike, and are not the same."""
    words = f"{SEA} Pier {number} was full, and sailors of ship {number * 7} slept under sail {number * 11}."
    return house.article("trade", f"Ships of {number}", deck="", sections=(Section("", (words,)),))


def of_a_ball(house: House, number: int, topic: str = "sport") -> int:
    """Collect one of others."""
    words = f"{BALL} In minute {number} player {number * 7} fell, and {number * 11} people shouted."
    return house.article(topic, f"Game {number}", deck="", sections=(Section("", (words,)),))


def tried(client: TestClient, do: str = "try", **typed: str) -> Any:
    return press(client, PAGE, PAGE, **{"name": "Trade", "keywords": "", "examples": "", "do": do, **typed})


def trial(answer: Any) -> str:
    """Return what the page says of the trial."""
    return " ".join(lxml_html.document_fromstring(answer.text).xpath("string(//*[@id='trial'])").split())


def test_a_topic_is_tried_on_the_latest_articles_before_it_is_kept(anna: House, admin: TestClient) -> None:
    """With the words that say so; the audit log has what it was."""
    anna.article("trade", "Tariff on rope")
    anna.article("sport", "Football in the rain", deck="A match in the rain.")
    assert "Tariff on rope" in admin.get("/staff/topics/trade").text
    tried = press(admin, "/staff/topics/trade", "/staff/topics/trade", name="Trade", keywords="football", do="try")
    assert "Football in the rain" in tried.text
    assert "Tariff on rope" not in tried.text
    assert '"tariff"' in str(anna.rows("SELECT spec FROM topics WHERE slug = 'trade'"))
    press(admin, "/staff/topics/trade", "/staff/topics/trade", name="Trade", keywords="football", do="keep")

    assert '"football"' in str(anna.rows("SELECT spec FROM topics WHERE slug = 'trade'"))
    assert anna.rows("SELECT action, target FROM audit") == [("topic.save", "topic trade")]
    assert tables(admin.get("/staff/topics"))[3] == ["Trade", "football", "2"]
    assert press(admin, "/staff/topics/trade", "/staff/topics/trade", name="", do="keep").status_code == 422
    assert admin.get("/staff/topics/nothing").status_code == 404


def test_each_match_says_by_which_words_in_which_fields(anna: House, admin: TestClient) -> None:
    """Words that were never kept."""
    anna.article("trade", "Harbour opens", deck="Captains are glad.", sections=(Section("", ("At the harbour.",)),))
    anna.article("sport", "Rain", deck="It rains.", sections=(Section("", ("By the harbour it rains.",)),))
    told = trial(tried(admin, keywords="harbour, captains"))

    assert "What it matches among 2 articles of the last 14 days" in told
    assert "Harbour opens harbour, captains (title, deck, text)" in told
    assert "Rain harbour (text)" in told


def test_a_trial_has_what_a_mail_would_have(anna: House) -> None:
    """With the archive, the other topics and the examples: as what is matched once it is kept."""
    for number in range(6):
        of_the_sea(anna, number)
        anna.article("sport", f"Football {number}", sections=(Section("", (f"{BALL} It was {number} to 1.",)),))
    with reading(anna.engine) as connection:
        (topic,) = [each for each in load_topics(connection).values() if each.slug == "sport"]
    found = {each.revision_id: why for each, why in try_topic(anna.installation, topic).matched}
    match_articles(anna.installation)
    with reading(anna.engine) as connection:
        key = connection.execute(matchings.select()).one().hash
        kept = matches_of(connection, key, range(1, 13))

    assert len(found) == 6
    assert found == {number: each["sport"] for number, each in kept.items() if "sport" in each}


def test_examples_count_before_they_are_kept_and_strange_ones_are_told(anna: House, admin: TestClient) -> None:
    """By number, address or text; an article like them needs no word of the topic."""
    like = [of_the_sea(anna, number) for number in range(6)]
    for number in range(20):
        of_a_ball(anna, number)
    typed = "\n".join([*map(str, like[:4]), SEA, "https://example.org/never-seen"])
    answer = tried(admin, name="Waters", examples=typed)

    assert "Ships of 5 (like its examples)" in trial(answer)
    assert "Examples that are no article here: https://example.org/never-seen" in trial(answer)
    assert "Game" not in trial(answer).partition("Nearly")[0]
    assert SEA in answer.text
    tried(admin, "keep", name="Waters", examples=typed)
    with reading(anna.engine) as connection:
        assert load_topics(connection)["trade"].examples == tuple(typed.splitlines())


def test_only_articles_of_two_weeks_are_looked_at(anna: House, admin: TestClient) -> None:
    """Neither older ones nor those that were withdrawn."""
    anna.article("trade", "Tariff of old", at=anna.clock.now() - timedelta(days=15))
    anna.article("trade", "Tariff of now")
    anna.article("trade", "Tariff taken back")
    press(admin, "/staff/articles/3/withdraw", "/staff/articles/3")
    told = trial(tried(admin, keywords="tariff"))

    assert "among 1 articles" in told
    assert "Tariff of now" in told


def test_what_was_typed_stays_when_it_cannot_be_tried(anna: House, visit: Any) -> None:
    """Told in one line; who only looks has no form."""
    answer = tried(visit(Role.EDITOR), name=" ", keywords="half, an, hour", examples="of work")

    assert answer.status_code == 422
    assert trial(answer) == "give the topic a name of at most 80 characters"
    assert "half, an, hour" in answer.text
    assert "of work" in answer.text
    assert tried(visit(Role.EDITOR), examples="one\n" + "x" * 5_001).status_code == 422
    assert "Try it" not in visit(Role.VIEWER).get(PAGE).text


def test_an_editor_defines_a_topic_having_seen_what_it_would_match(anna: House, visit: Any) -> None:
    """Under a short name that is not taken; who did it is on record."""
    editor, new = visit(Role.EDITOR), "/staff/new-topic"
    anna.article("sport", "Harbour opens")
    said = {"name": "Harbours", "slug": "harbours", "keywords": "harbour, pier", "examples": ""}

    assert "Harbour opens" in trial(press(editor, new, new, do="try", **{**said, "slug": ""}))
    assert len(anna.rows("SELECT slug FROM topics")) == 4
    for taken in ("trade", "", "New Harbours", "../x"):
        answer = press(editor, new, new, do="keep", **{**said, "slug": taken})
        assert answer.status_code == 422, taken
        assert "short name" in trial(answer)
        assert "harbour, pier" in answer.text
    assert press(editor, new, new, do="keep", **said).headers["location"] == "/staff/topics/harbours?done=topic"

    with reading(anna.engine) as connection:
        assert load_topics(connection)["harbours"].keywords == ("harbour", "pier")
    assert anna.rows("SELECT who, target, before FROM audit WHERE action = 'topic.save'")[0][:2] == (
        "editor",
        "topic harbours",
    )

"""A preview is what would be sent: the same bytes but for what only a sending gives, and nothing written."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from digest.errors import NotFound
from digest.model.newsletter import Limits
from digest.pipeline.previewing.preview import preview
from tests.house import MONDAY, House, titles
from tests.sink import Mail, Sink

ANNA, BEN = "anna@example.org", "ben@example.org"


def what_does_not_depend_on_the_sending(mail: Mail) -> tuple[list[tuple[str, str]], str, str]:
    """Return headers but for Date, and both parts but for the token of the view link."""
    headers = [(name, str(value)) for name, value in mail.parsed.items() if name != "Date"]
    return headers, *(re.sub(r"/v/[\w-]{32}", "/v/", part) for part in (mail.html, mail.text))


@pytest.mark.parametrize("locale", ["en", "ko", "ar", "de"])
def test_a_preview_is_what_is_then_sent(house: House, sink: Sink, locale: str):
    """Word for word but for the date and the link to the mail in the browser."""
    house.reader(ANNA, name="Anna Ämter", locale=locale, topics="trade|energy", keywords="whale")
    house.article("trade", "Tariff <one> & more", disclaimer="Written by a machine.")
    house.article("energy", "Solar für alle", language="de")
    house.article("sport", "Football whale")
    house.article("sport", "Football only")
    shown = preview(house.installation, "daily", ANNA, at=house.clock.now())
    house.send(sink)
    (mail,) = sink.mails

    seen = Mail("", ANNA, shown.raw, 0, answered=False)
    assert what_does_not_depend_on_the_sending(seen) == what_does_not_depend_on_the_sending(mail)
    assert len(seen.content) == len(mail.content)
    assert "\n".join(seen.html.splitlines()) == "\n".join(shown.html.splitlines())


MIXES = {
    "Korean among English": [("ko", "trade"), ("en", "trade"), ("en", "energy"), ("ko", "trade|energy")],
    "one language each": [("ja", "trade"), ("ar", "trade"), ("de", "trade"), ("en", "trade"), ("fr", "trade")],
    "one reader": [("ko", "energy")],
    "regions, and languages without a catalogue": [
        ("ko-KR", "trade"),
        ("ko", "trade"),
        ("pt-BR", "trade"),
        ("de-AT", "energy"),
    ],
}


@pytest.mark.parametrize("mix", [pytest.param(mix, id=name) for name, mix in MIXES.items()])
def test_a_reader_previewed_alone_is_sent_the_same_among_others(house: House, sink: Sink, mix: list[tuple[str, str]]):
    """Headers, parts, layout and length are those of the preview, with any readers planned together."""
    house.article(
        "trade", "Tariff: 관세 인상에 대한 소식", language="ko", deck="수출 기업들이 새로운 관세를 우려하고 있다." * 4
    )
    house.article("energy", "Solar, plain", deck="Sun and wind for all. " * 20)
    house.article("trade", "Tariff、港の話", language="ja", deck="港は今日も開いている。" * 9)
    readers = {f"r{number}@example.org": each for number, each in enumerate(mix)}
    for address, (locale, topics) in readers.items():
        house.reader(address, name="Anna 관", locale=locale, topics=topics)
    shown = {address: preview(house.installation, "daily", address, at=house.clock.now()) for address in readers}
    house.send(sink)
    stored = house.rows("SELECT d.address, g.layout FROM deliveries d JOIN digests g ON g.id = d.digest_id")

    assert dict(stored) == {address: each.made.layout for address, each in shown.items()}
    for mail in sink.mails:
        seen = Mail("", mail.recipient, shown[mail.recipient].raw, 0, answered=False)
        assert what_does_not_depend_on_the_sending(seen) == what_does_not_depend_on_the_sending(mail)
        assert len(seen.content) == len(mail.content)


def test_a_preview_writes_nothing(house: House):
    """The database is the same before and after."""
    house.reader(ANNA)
    house.article("trade")
    before = house.dump()
    preview(house.installation, "daily", ANNA, at=house.clock.now())
    preview(house.installation, "daily", ANNA, at=house.clock.now() + timedelta(days=3))

    assert house.dump() == before


def test_a_preview_says_for_each_article_why_it_is_in_or_out(house: House, sink: Sink):
    """The reader's own reasons, and the mail's."""
    house.newsletter(limits=Limits(max_items=1))
    house.reader(ANNA, topics="trade|energy", muted="sport")
    house.article("trade", "Tariff told")
    house.send(sink)
    house.article("trade", "Tariff exports")
    house.article("energy", "Solar old", at=MONDAY - timedelta(days=2))
    house.article("sport", "Football tariff")
    house.article("space", "Satellite")
    told = json.loads(json.dumps(preview(house.installation, "daily", ANNA, at=house.clock.now()).as_json()))

    assert [(each["title"], each["matches"][0]["topic"]) for each in told["articles"]] == [("Tariff exports", "trade")]
    assert {each["title"]: each["reason"] for each in told["left_out"]} == {
        "Tariff told": "already_shown",
        "Solar old": "over_limit",
        "Football tariff": "muted",
        "Satellite": "no_match",
    }


def test_a_preview_of_nothing_says_why(house: House):
    """No message, and the reason that the log would have."""
    house.reader(ANNA, topics="sport")
    house.article("trade")
    shown = preview(house.installation, "daily", ANNA, at=house.clock.now())

    assert (shown.as_json()["skip"], shown.raw, shown.html) == ("nothing_new", b"", "")


def leave_it(house: House) -> None:
    house.leave(ANNA)


def bounced(house: House) -> None:
    house.change("UPDATE subscriptions SET state = 'ended', ended_reason = 'suppressed'")


def on_a_break(house: House) -> None:
    house.change("UPDATE subscriptions SET state = 'paused', paused_until = :at", at=micros(house, days=1))


def on_a_break_for_good(house: House) -> None:
    house.change("UPDATE subscriptions SET state = 'paused'")


def not_confirmed(house: House) -> None:
    house.change("UPDATE subscriptions SET state = 'pending'")


def micros(house: House, **by: float) -> int:
    return int((house.clock.now() + timedelta(**by)).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("happens", "skip"),
    [
        pytest.param(leave_it, "unsubscribed", id="who left"),
        pytest.param(bounced, "suppressed", id="whose mail bounced"),
        pytest.param(on_a_break, "paused", id="who is on a break"),
        pytest.param(on_a_break_for_good, "paused", id="who is on a break without an end"),
        pytest.param(not_confirmed, "unsubscribed", id="who has not confirmed"),
    ],
)
def test_a_preview_shows_no_mail_to_a_reader_who_would_get_none(house: House, happens, skip: str):
    """Whatever there is to tell; also for a day to come, because a pause ends by the clock."""
    house.reader(ANNA)
    house.article("trade")
    happens(house)
    for days in (0, 2):
        shown = preview(house.installation, "daily", ANNA, at=house.clock.now() + timedelta(days=days))
        told = shown.as_json()

        assert (told["skip"], told["subject"], told["articles"]) == (skip, "", [])
        assert (shown.raw, shown.html, shown.text) == (b"", "", "")


def test_a_preview_shows_the_mail_to_a_reader_whose_pause_is_over(house: House):
    """The next planning ends it."""
    house.reader(ANNA)
    house.article("trade")
    house.change("UPDATE subscriptions SET state = 'paused', paused_until = :at", at=micros(house, hours=-1))
    shown = preview(house.installation, "daily", ANNA, at=house.clock.now())

    assert shown.raw
    assert shown.as_json()["skip"] is None


def test_a_preview_says_why_articles_that_no_reader_can_get_are_left_out(house: House):
    """Expired, taken back, of a source that is not drawn from, not here yet; what is older than two months is not."""
    house.newsletter(sources=("wire",))
    house.reader(ANNA)
    now = house.clock.now()
    house.article("trade", "Tariff of the wire", source="wire")
    house.article("trade", "Tariff by hand, expired", at=now - timedelta(days=15))
    house.article("trade", "Tariff of others", source="others")
    house.article("trade", "Tariff of others, expired", source="others", at=now - timedelta(days=15))
    house.article("trade", "Tariff to come", source="wire", at=now + timedelta(hours=1))
    house.article("trade", "Tariff of long ago", source="wire", at=now - timedelta(days=61))
    withdrawn = house.article("trade", "Tariff taken back", source="wire")
    house.change("UPDATE articles SET state = 'withdrawn' WHERE id = :id", id=withdrawn)
    told = preview(house.installation, "daily", ANNA, at=now).as_json()

    assert [each["title"] for each in told["articles"]] == ["Tariff of the wire"]
    assert {each["title"]: each["reason"] for each in told["left_out"]} == {
        "Tariff by hand, expired": "expired",
        "Tariff of others": "other_source",
        "Tariff of others, expired": "other_source",
        "Tariff to come": "not_yet_collected",
        "Tariff taken back": "withdrawn",
    }


def test_a_preview_of_tomorrow_has_what_expires_left_out(house: House):
    """`--at` moves the clock, not the articles."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    today = preview(house.installation, "daily", ANNA, at=house.clock.now())
    later = preview(house.installation, "daily", ANNA, at=house.clock.now() + timedelta(days=15))

    assert (len(today.selection.chosen), len(later.selection.chosen)) == (1, 0)


def test_a_preview_finds_the_reader_by_any_spelling(house: House):
    """Case does not make another mailbox; who is unknown is told so."""
    house.reader(ANNA)
    shown = preview(house.installation, "daily", "ANNA@Example.ORG", at=house.clock.now())

    assert shown.address == ANNA
    with pytest.raises(NotFound, match=r"ben@example\.org"):
        preview(house.installation, "daily", BEN, at=house.clock.now())
    with pytest.raises(NotFound, match="daily"):
        preview(house.installation, "weekly", ANNA, at=house.clock.now())


def test_a_mail_previewed_has_every_story_it_says(house: House):
    """The titles of the JSON are the titles of the mail."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.article("trade", "Tariff two")
    shown = preview(house.installation, "daily", ANNA, at=house.clock.now())
    mail = Mail("", ANNA, shown.raw, 0, answered=False)

    assert titles(mail.html, house) == sorted(each["title"] for each in shown.as_json()["articles"])


def test_a_preview_tells_why_each_article_is_in_and_why_the_others_are_not(house: House):
    """Score, words and fields of both; a surprise is marked, in the mail too."""
    house.reader(ANNA, topics="trade", choices="surprise")
    house.article("trade", "Tariff talks resume")
    house.article("sport", "Football at noon")
    house.article("energy", "Solar roofs for the market hall", deck="Solar for all")
    found = preview(house.installation, "daily", ANNA, at=house.clock.now())
    told = found.as_json()

    followed, surprise = told["articles"]
    assert (followed["why"], followed["ground"]) == ("Because you follow Trade: tariff", "interests")
    assert followed["matches"][0]["words"] == ["tariff"]
    assert followed["matches"][0]["fields"][0] == "title"
    assert (surprise["why"], surprise["ground"]) == ("A surprise from outside your topics", "surprise")
    assert surprise["why"] in found.html
    assert surprise["why"] in found.text
    assert [(each["reason"], each["matches"]) for each in told["left_out"]] == [("no_match", [])]

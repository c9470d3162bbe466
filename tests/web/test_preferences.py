"""The preferences page: what a reader changes, and what nobody can."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.newsletter import Schedule
from digest.model.subscriber import Interests
from digest.pipeline.addresses import address_hash
from digest.pipeline.newsletters.places import read_zone
from digest.pipeline.previewing.preview import preview
from digest.pipeline.subscribers.subscriber_rows import MAX_KEYWORD, MAX_KEYWORDS
from digest.store.profiles import interests_from_text
from digest.store.subscribers import suppressed_hashes
from tests.house import SECRET, House
from tests.sink import Sink
from tests.web.asking import (
    ANNA,
    browser,
    form,
    preferences_path,
    subscription,
)


def test_the_preferences_show_what_a_reader_has(anna: House, ask: TestClient) -> None:
    """Every newsletter, its topics, the hour and whose clock it is."""
    anna.reader("jun@example.org", topics="trade|space", timezone="Asia/Seoul", locale="ko", send_at="06:30")

    page = ask.get(preferences_path(anna, "jun@example.org"))
    document = lxml_html.document_fromstring(page.text)

    checked = {box.get("value") for box in document.xpath("//input[@name='topics' or @name='muted'][@checked]")}
    assert checked == {"trade", "space"}
    assert document.xpath("//input[@type='time']/@value") == ["06:30"]
    assert "서울" in page.text
    assert document.get("lang") == "ko"


def test_a_reader_chooses_topics_and_hour(anna: House, ask: TestClient) -> None:
    """The next digest has them: preview shows the change."""
    anna.article("trade", "Tariff news")
    anna.article("space", "Satellite news")
    changed = form(anna, "save", topics=["space"], send_at="05:15")

    page = ask.post(preferences_path(anna), data=changed)
    shown = preview(anna.installation, "daily", ANNA, at=anna.move(days=1))

    assert page.status_code == 200
    assert subscription(anna)[2] == "05:15"
    assert [each.article.article.title for each in shown.made.selection.chosen] == ["Satellite news"]
    assert (shown.slot_at.hour, shown.slot_at.minute) == (5, 15)


def test_who_chooses_no_topic_gets_them_all(anna: House, ask: TestClient) -> None:
    """The page says so, and the next digest does so."""
    anna.article("trade", "Tariff news")
    anna.article("space", "Satellite news")

    page = ask.post(preferences_path(anna), data=form(anna, "save", send_at="07:00"))
    shown = preview(anna.installation, "daily", ANNA, at=anna.move(days=1))

    assert "Choose none to get every topic." in page.text
    assert {each.article.article.title for each in shown.made.selection.chosen} == {"Tariff news", "Satellite news"}


@pytest.mark.parametrize(
    ("often", "days", "kept"),
    [
        pytest.param("days", ["mon"], "mon", id="once a week"),
        pytest.param("days", ["sat", "tue"], "tue,sat", id="chosen days"),
        pytest.param("days", [], "", id="as often as the newsletter"),
        pytest.param("monthly 1", ["mon"], "monthly 1", id="once a month, whatever the days"),
        pytest.param("every 6h", [], "every 6h", id="every six hours"),
    ],
)
def test_a_reader_chooses_how_often(anna: House, ask: TestClient, often: str, days: list[str], kept: str) -> None:
    """The rule of their slots has it, and the page shows it again."""
    page = ask.post(
        preferences_path(anna), data=form(anna, "save", often=often, days=days, days_shown="1", send_at="07:00")
    )
    ((frequency, rule),) = anna.rows(
        "SELECT s.frequency, c.rule FROM subscriptions s JOIN cadences c ON c.id = s.cadence_id WHERE s.id = :i",
        i=anna.subscription_id(ANNA),
    )

    document = lxml_html.document_fromstring(page.text)
    assert page.status_code == 200
    assert frequency == kept
    assert rule.startswith(kept)
    assert document.xpath("//select[@name='often']/option[@selected]/@value")[0] == often


def test_how_often_is_refused_when_it_is_no_frequency(anna: House, ask: TestClient) -> None:
    """Nothing is changed, in words."""
    page = ask.post(preferences_path(anna), data=form(anna, "save", often="monthly 77", send_at="07:00"))

    assert page.status_code == 422
    assert "Choose how often." in page.text


def test_a_topic_that_was_muted_and_is_chosen_is_muted_no_more(anna: House, ask: TestClient) -> None:
    """Mute beats any score, so a checked topic that stayed muted would never come."""
    anna.reader("mo@example.org", topics="trade", muted="space|sport")
    anna.article("space", "Satellite news")
    number = str(anna.subscription_id("mo@example.org"))
    chosen = {"action": "save", "subscription": number, "topics": ["space"], "send_at": "07:00"}

    ask.post(preferences_path(anna, "mo@example.org"), data=chosen)
    shown = preview(anna.installation, "daily", "mo@example.org", at=anna.move(days=1))

    assert [each.article.article.title for each in shown.made.selection.chosen] == ["Satellite news"]


def interests(house: House, address: str = ANNA) -> Interests:
    (row,) = house.rows(
        "SELECT p.interests FROM subscriptions s JOIN profiles p ON p.id = s.profile_id WHERE s.id = :i",
        i=house.subscription_id(address),
    )
    return interests_from_text(row[0])


def cadences(house: House, address: str = ANNA) -> list[tuple[Any, ...]]:
    return house.rows(
        "SELECT n.slug, c.zone FROM subscriptions s JOIN cadences c ON c.id = s.cadence_id"
        " JOIN newsletters n ON n.id = s.newsletter_id JOIN subscribers u ON u.id = s.subscriber_id"
        " WHERE u.address = :a ORDER BY n.slug",
        a=address,
    )


def test_a_reader_names_keywords_and_mutes_a_topic(anna: House, ask: TestClient) -> None:
    """The next digest has what matches, and nothing of what was muted; the page shows both."""
    anna.article("energy", "A harbour of batteries")
    anna.article("space", "A harbour in orbit")
    chosen = form(anna, "save", topics=["trade"], muted=["space"], keywords=" harbour,  tall   ships ", send_at="07:00")

    page = ask.post(preferences_path(anna), data=chosen)
    shown = preview(anna.installation, "daily", ANNA, at=anna.move(days=1))

    document = lxml_html.document_fromstring(page.text)
    assert document.xpath("//input[@name='keywords']/@value")[0] == "harbour, tall ships"
    assert document.xpath("//input[@name='muted'][@checked]/@value") == ["space"]
    assert [each.article.article.title for each in shown.made.selection.chosen] == ["A harbour of batteries"]


@pytest.mark.parametrize("comma", [",", ";", "|", "،", "、", "，"])
def test_keywords_are_told_apart_by_the_comma_of_the_readers_own_script(
    anna: House, ask: TestClient, comma: str
) -> None:
    """Arabic, Japanese and Chinese keyboards have commas of their own."""
    ask.post(preferences_path(anna), data=form(anna, "save", keywords=f"harbour{comma}naira", send_at="07:00"))

    assert interests(anna).keywords == ("harbour", "naira")


def test_the_newer_of_mute_and_follow_is_what_the_reader_wants(anna: House, ask: TestClient) -> None:
    """Both boxes are there; who checks the other one means it."""
    both = form(anna, "save", topics=["trade"], muted=["trade"], keywords="", send_at="07:00")

    ask.post(preferences_path(anna), data=both)
    muted = interests(anna)
    ask.post(preferences_path(anna), data=both)

    assert (muted.follows, muted.muted) == ((), ("trade",))
    assert ([each.topic for each in interests(anna).follows], interests(anna).muted) == (["trade"], ())


def test_a_topic_cannot_be_newly_followed_and_muted_at_once(anna: House, ask: TestClient) -> None:
    """Nobody can tell which was meant: the page says so and nothing changes."""
    both = form(anna, "save", topics=["space"], muted=["space"], keywords="", send_at="07:00")
    before = interests(anna)

    page = ask.post(preferences_path(anna), data=both)

    assert page.status_code == 422
    assert "Follow a topic or mute it; it cannot be both." in page.text
    assert interests(anna) == before


def test_a_form_without_keywords_leaves_them_and_what_is_muted(anna: House, ask: TestClient) -> None:
    """A page that was drawn before these were on it says nothing about them."""
    anna.reader("mo@example.org", topics="trade", muted="sport", keywords="harbour")
    number = str(anna.subscription_id("mo@example.org"))

    ask.post(preferences_path(anna, "mo@example.org"), data={"action": "save", "subscription": number})

    assert (interests(anna, "mo@example.org").keywords, interests(anna, "mo@example.org").muted) == (
        ("harbour",),
        ("sport",),
    )


@pytest.mark.parametrize(
    "keywords",
    [
        pytest.param("k" * (MAX_KEYWORD + 1), id="too long"),
        pytest.param(",".join(f"word{number}" for number in range(MAX_KEYWORDS + 1)), id="too many"),
        pytest.param("a\x00b", id="a control character"),
    ],
)
def test_keywords_that_cannot_be_kept_are_told_and_change_nothing(anna: House, ask: TestClient, keywords: str) -> None:
    """422 with the limits, which are those of a file."""
    before = anna.dump()

    page = ask.post(preferences_path(anna), data=form(anna, "save", keywords=keywords, send_at="07:00"))

    assert page.status_code == 422
    assert f"at most {MAX_KEYWORDS} keywords, each with at most {MAX_KEYWORD} characters" in page.text
    assert anna.dump() == before


def test_a_reader_moves_and_every_newsletter_moves_along(anna: House, ask: TestClient) -> None:
    """Those on the reader's own clock, that is; a newsletter with a zone of its own stays."""
    anna.newsletter("weekly", schedule=Schedule(zone="America/New_York"))
    anna.newsletter("monthly")
    anna.reader(ANNA, "monthly")

    page = ask.post(preferences_path(anna), data={"action": "settle", "zone": "asia/seoul", "locale": "ko"})

    document = lxml_html.document_fromstring(page.text)
    assert (page.status_code, document.get("lang")) == (200, "ko")
    assert document.xpath("//input[@name='zone']/@value") == ["Asia/Seoul"]
    assert document.xpath("//select[@name='locale']/option[@selected]/@value") == ["ko"]
    assert cadences(anna) == [("daily", "Asia/Seoul"), ("monthly", "Asia/Seoul"), ("weekly", "America/New_York")]
    shown = preview(anna.installation, "daily", ANNA, at=anna.move(days=1))
    assert shown.slot_at.astimezone(UTC).hour == 22


def test_a_finer_language_than_ours_is_on_the_list_for_who_has_it(anna: House, ask: TestClient) -> None:
    """Saving the zone beside it takes no dialect away."""
    anna.change("UPDATE subscribers SET locale = 'de-AT'")

    page = ask.post(preferences_path(anna), data={"action": "settle", "zone": "Europe/Vienna", "locale": "de-AT"})

    assert page.status_code == 200
    assert anna.rows("SELECT zone, locale FROM subscribers") == [("Europe/Vienna", "de-AT")]


@pytest.mark.parametrize(
    ("zone", "locale", "told"),
    [
        pytest.param("Mars/Olympus", "en", "That time zone is not known.", id="no place"),
        pytest.param("", "en", "That time zone is not known.", id="no zone"),
        pytest.param("localtime", "en", "That time zone is not known.", id="the server's own"),
        pytest.param("../../etc/passwd", "en", "That time zone is not known.", id="a path"),
        pytest.param("x" * 9_999, "en", "That time zone is not known.", id="long"),
        pytest.param("Asia/Seoul", "tlh", "Choose one of the languages on offer.", id="not ours"),
        pytest.param("Asia/Seoul", "", "Choose one of the languages on offer.", id="no language"),
    ],
)
def test_a_place_or_language_that_is_none_is_told_and_changes_nothing(
    anna: House, ask: TestClient, zone: str, locale: str, told: str
) -> None:
    """422 with the page and the reason."""
    before = anna.dump()

    page = ask.post(preferences_path(anna), data={"action": "settle", "zone": zone, "locale": locale})

    assert page.status_code == 422
    assert told in page.text
    assert anna.dump() == before


def test_every_place_on_the_list_can_be_chosen(anna: House, ask: TestClient) -> None:
    """The list is for the eye; what is checked is the name."""
    document = lxml_html.document_fromstring(ask.get(preferences_path(anna)).text)
    offered = document.xpath("//datalist[@id='zones']/option/@value")

    assert {"Asia/Seoul", "Europe/Berlin", "America/New_York", "UTC"} <= set(offered)
    assert all(read_zone(name) == name for name in offered)


def test_every_box_and_field_has_a_label(anna: House, ask: TestClient) -> None:
    """For who hears the page instead of seeing it."""
    document = lxml_html.document_fromstring(ask.get(preferences_path(anna)).text)
    fields = document.xpath("//select | //input[@type!='hidden']")

    labelled = set(document.xpath("//label/@for"))
    assert fields
    assert all(each.get("id") in labelled or each.getparent().tag == "label" for each in fields)


def test_who_never_named_an_hour_goes_on_with_the_newsletters_own(anna: House, ask: TestClient) -> None:
    """The page shows 07:00; saving topics beside it is not choosing 07:00."""
    ask.post(preferences_path(anna), data=form(anna, "save", topics=["space"], send_at="07:00"))

    assert subscription(anna)[2] == ""


@pytest.mark.parametrize(
    "hour",
    ["7", "7:30", "24:00", "07:60", "07:30:15", "0730", "07:30+02:00", "noon", "०७:३०", " 07:30", "\x00", "9" * 999],
)
def test_a_wrong_hour_is_told_and_changes_nothing(anna: House, ask: TestClient, hour: str) -> None:
    """422 with the page and the reason."""
    before = anna.dump()

    page = ask.post(preferences_path(anna), data=form(anna, "save", topics=["space"], send_at=hour))

    assert page.status_code == 422
    assert "The hour must look like 07:30." in page.text
    assert anna.dump() == before


@pytest.mark.parametrize(
    "day",
    [
        "",
        "tomorrow",
        "2026-02-30",
        "2026-13-01",
        "20261224",
        "2026-W52-4",
        "2026-12-24T10:00",
        "0001-01-01",
        "9999-12-31x",
        "٢٠٢٦-١٢-٢٤",
    ],
)
def test_a_wrong_day_is_told_and_changes_nothing(anna: House, ask: TestClient, day: str) -> None:
    """422, in every zone; a day before the calendar of UTC begins is no crash."""
    anna.change("UPDATE subscribers SET zone = 'Pacific/Kiritimati'")
    before = anna.dump()

    page = ask.post(preferences_path(anna), data=form(anna, "pause", until=day))

    assert page.status_code == 422
    assert anna.dump() == before


def test_the_last_day_of_the_calendar_is_no_crash(anna: House, ask: TestClient) -> None:
    """West of Greenwich its midnight lies beyond UTC's last day, or just before its end."""
    anna.change("UPDATE subscribers SET zone = 'Pacific/Pago_Pago'")

    assert ask.post(preferences_path(anna), data=form(anna, "pause", until="9999-12-31")).status_code in (200, 422)
    assert ask.get(preferences_path(anna)).status_code == 200


def test_a_day_that_has_begun_ends_no_pause(anna: House, ask: TestClient) -> None:
    """Today's midnight is past."""
    page = ask.post(preferences_path(anna), data=form(anna, "pause", until="2026-11-23"))

    assert page.status_code == 422
    assert subscription(anna)[0] == "active"


def test_a_pause_ends_on_the_readers_own_midnight(anna: House, ask: TestClient) -> None:
    """Seoul's 1 December begins at 15:00 UTC of the day before."""
    anna.change("UPDATE subscribers SET zone = 'Asia/Seoul'")

    page = ask.post(preferences_path(anna), data=form(anna, "pause", until="2026-12-01"))

    (row,) = anna.rows("SELECT paused_until FROM subscriptions WHERE state = 'paused'")
    assert datetime.fromtimestamp(row[0] / 1e6, UTC) == datetime(2026, 11, 30, 15, tzinfo=UTC)
    assert "Paused until Tuesday, December 1, 2026" in page.text


def test_a_paused_reader_gets_nothing_until_resuming(anna: House, ask: TestClient, sink: Sink) -> None:
    """And then what is still fresh."""
    anna.article()
    ask.post(preferences_path(anna), data=form(anna, "pause", until="2026-12-01"))
    anna.move(hours=2)
    anna.send(sink)
    assert sink.mails == []

    ask.post(preferences_path(anna), data=form(anna, "resume"))
    anna.move(days=1)
    anna.send(sink)

    assert [mail.recipient for mail in sink.mails] == [ANNA]


def test_a_reader_who_left_comes_back_by_one_button(anna: House, ask: TestClient) -> None:
    """Their own act, so it counts as consent, and is logged as such."""
    ask.post(preferences_path(anna), data=form(anna, "leave"))
    assert subscription(anna)[:2] == ("ended", "page")

    page = ask.post(preferences_path(anna), data=form(anna, "resume"))

    assert "Saved." in page.text
    assert subscription(anna)[:2] == ("active", "")
    assert anna.rows("SELECT event, source FROM consents ORDER BY id")[-2:] == [
        ("ended", "preferences page"),
        ("resumed", "preferences page"),
    ]


@pytest.mark.parametrize("reason", ["suppressed", "admin"])
def test_who_was_ended_by_others_is_not_offered_to_resume(anna: House, ask: TestClient, reason: str) -> None:
    """A bounce or a complaint takes a confirmation; a page drawn before it does not help."""
    anna.change("UPDATE subscriptions SET state = 'ended', ended_reason = :r", r=reason)

    page = ask.get(preferences_path(anna))
    tried = ask.post(preferences_path(anna), data=form(anna, "resume"))

    assert 'value="resume"' not in page.text
    assert tried.status_code == 422
    assert subscription(anna)[0] == "ended"


def test_a_suppressed_address_is_not_revived_by_a_button(anna: House, ask: TestClient) -> None:
    """Left by one click, complained afterwards: the suppression stands."""
    anna.leave(ANNA)
    hashed = address_hash(SECRET, ANNA)
    anna.change("INSERT INTO suppressions (address_hash, reason, at) VALUES (:h, 'complained', 0)", h=hashed)

    page = ask.post(preferences_path(anna), data=form(anna, "resume"))

    assert page.status_code == 422
    assert subscription(anna)[0] == "ended"
    with anna.engine.connect() as connection:
        assert suppressed_hashes(connection, [hashed])


def test_a_suppression_is_found_after_the_secret_was_changed(anna: House, ask: TestClient) -> None:
    """Its hash was made with the earlier secret, which the installation knows still."""
    anna.leave(ANNA)
    hashed = address_hash("e" * 32, ANNA)
    anna.change("INSERT INTO suppressions (address_hash, reason, at) VALUES (:h, 'complained', 0)", h=hashed)
    rotated = replace(anna.installation, previous_secret="e" * 32)

    with browser(rotated) as asking:
        page = asking.post(preferences_path(anna), data=form(anna, "resume"))

    assert page.status_code == 422
    assert subscription(anna)[0] == "ended"


def test_a_pause_is_no_way_around_a_confirmation(anna: House, ask: TestClient) -> None:
    """A pause that ends makes a subscription active, so only an active one may pause."""
    for state in ("pending", "ended"):
        anna.change("UPDATE subscriptions SET state = :s", s=state)
        assert ask.post(preferences_path(anna), data=form(anna, "pause", until="2026-12-01")).status_code == 422
        assert subscription(anna)[0] == state
    anna.change("UPDATE subscriptions SET state = 'pending'")

    assert ask.post(preferences_path(anna), data=form(anna, "resume")).status_code == 422
    assert anna.rows("SELECT event FROM consents WHERE event <> 'given'") == []


def test_all_newsletters_are_left_by_one_button(anna: House, ask: TestClient) -> None:
    """And the button is gone when there is nothing left to leave."""
    before = ask.get(preferences_path(anna))
    after = ask.post(preferences_path(anna), data={"action": "leave_all"})

    assert 'value="leave_all"' in before.text
    assert 'value="leave_all"' not in after.text
    assert [subscription(anna, each)[0] for each in ("daily", "weekly")] == ["ended", "ended"]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"action": "save"}, id="no subscription"),
        pytest.param({"action": "save", "subscription": "999"}, id="somebody else's"),
        pytest.param({"action": "burn", "subscription": "mine"}, id="no such action"),
        pytest.param({"action": "save", "subscription": "mine", "topics": "gossip"}, id="not on offer"),
        pytest.param({"action": "leave", "subscription": "1 OR 1=1"}, id="injection"),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(anna: House, ask: TestClient, fields: dict[str, str]) -> None:
    """422 and one sentence."""
    if fields.get("subscription") == "mine":
        fields = {**fields, "subscription": str(anna.subscription_id(ANNA))}
    before = anna.dump()

    page = ask.post(preferences_path(anna), data=fields)

    assert page.status_code == 422
    assert len(lxml_html.document_fromstring(page.text).xpath("//*[@role='alert']")) == 1
    assert anna.dump() == before


def test_another_readers_subscription_is_out_of_reach(anna: House, ask: TestClient) -> None:
    """The token says who; a number in the form cannot say otherwise."""
    anna.reader("ben@example.org")
    other = {"action": "leave", "subscription": str(anna.subscription_id("ben@example.org"))}

    assert ask.post(preferences_path(anna), data=other).status_code == 422
    assert subscription(anna, address="ben@example.org")[0] == "active"


def test_the_clock_of_a_newsletter_with_a_zone_of_its_own_is_named(anna: House, ask: TestClient) -> None:
    """Its hour is not the reader's."""
    anna.newsletter("weekly", schedule=Schedule(zone="America/New_York"))

    assert "Time in New York" in ask.get(preferences_path(anna)).text


def test_a_reader_asks_for_everything_and_a_surprise(anna: House, ask: TestClient) -> None:
    """Two boxes; what is not ticked is not wanted any more."""
    changed = form(anna, "save", topics=["space"], keywords="", wants_all="yes", surprise="yes", send_at="07:00")
    ask.post(preferences_path(anna), data=changed)
    page = lxml_html.document_fromstring(ask.get(preferences_path(anna)).text)
    ticked = set(page.xpath("//input[@type='checkbox'][@checked]/@name")) - {"days"}
    ask.post(preferences_path(anna), data=form(anna, "save", topics=["space"], keywords="", send_at="07:00"))
    after = lxml_html.document_fromstring(ask.get(preferences_path(anna)).text)

    assert ticked == {"topics", "wants_all", "surprise"}
    assert set(after.xpath("//input[@type='checkbox'][@checked]/@name")) - {"days"} == {"topics"}


def test_a_reader_of_several_newsletters_can_have_them_in_one_mail_and_apart_again(
    anna: House, ask: TestClient
) -> None:
    """The box says what is so; its form changes nothing else."""

    def boxes() -> list[bool]:
        document = lxml_html.document_fromstring(ask.get(preferences_path(anna)).text)
        return [box.get("checked") is not None for box in document.xpath("//input[@name='together']")]

    before = boxes()

    joined = ask.post(preferences_path(anna), data={"action": "together", "together": "yes"})
    wanted = boxes()
    parted = ask.post(preferences_path(anna), data={"action": "together"})

    assert (joined.status_code, parted.status_code) == (200, 200)
    assert (before, wanted, boxes()) == ([False], [True], [False])

"""Signing up on the page: a sample first, errors beside fields, the same answer to everybody, nothing by GET."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.pipeline.planning.letters import write_letters
from digest.store.engine import reading
from tests.house import House
from tests.sink import Sink
from tests.web.asking import ANNA, browser, heading, policy, preferences_path, strict

PAGE = "/n/daily"
HOSTILE = "<img src=x onerror=alert(1)>"


def filled(**fields: Any) -> dict[str, Any]:
    return {
        "action": "join",
        "topics": ["space"],
        "keywords": "lighthouse",
        "send_at": "06:15",
        "zone": "Asia/Seoul",
        "locale": "en",
        "address": "nora@example.org",
        **fields,
    }


def sign_ups(house: House) -> int:
    return int(house.rows("SELECT COUNT(*) FROM sign_ups")[0][0])


def letter_path(house: House, sink: Sink, address: str = "nora@example.org") -> str:
    write_letters(house.installation)
    house.dispatch(sink)
    (mail,) = [each for each in sink.mails if each.recipient == address]
    found = re.search(r"/c/[\w-]{32}", mail.text)
    assert found
    return found[0]


def test_a_visitor_sees_a_sample_before_giving_an_address(anna: House, ask: TestClient) -> None:
    """For just those interests, with the publisher's disclaimer; nothing is written."""
    anna.article("space", "Satellite at dawn", disclaimer="This content is AI-generated.")
    anna.article("trade", "Tariff on rope")
    before = anna.dump()

    answer = ask.post(PAGE, data=filled(action="sample", address="", keywords=""))

    assert answer.status_code == 200
    assert "Satellite at dawn" in answer.text
    assert "This content is AI-generated." in answer.text
    assert "Tariff on rope" not in answer.text
    assert anna.dump() == before


def test_a_sample_without_articles_says_what_to_do(anna: House, ask: TestClient) -> None:
    """No empty box."""
    assert "Choose more topics" in ask.post(PAGE, data=filled(action="sample")).text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("address", "a@b@c", "This is no e-mail address"),
        ("address", "a@example.org\r\nBcc: b@example.org", "This is no e-mail address"),
        ("zone", "Atlantis", "That time zone is not known"),
        ("send_at", "25:00", "The hour must look like"),
        ("keywords", "x" * 100, "at most 100 keywords"),
        ("topics", ["gone"], "no longer on offer"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept(
    anna: House, ask: TestClient, field: str, value: Any, words: str
) -> None:
    """Whoever mistypes one thing does not type all again."""
    answer = ask.post(PAGE, data=filled(**{field: value}))

    page = lxml_html.document_fromstring(answer.text)
    assert answer.status_code == 422
    assert words in page.find(".//*[@role='alert']").text_content()
    if field not in ("keywords",):
        assert page.get_element_by_id("words").get("value") == "lighthouse"
    if field not in ("address", "topics"):
        assert words in page.get_element_by_id(f"{page.find(f'.//*[@name={field!r}]').get('id')}-error").text_content()
    assert sign_ups(anna) == 0


@pytest.mark.parametrize("address", ["nora@example.org", ANNA, "left@example.org", "erased@example.org"])
def test_every_address_gets_the_same_answer(anna: House, ask: TestClient, address: str) -> None:
    """Byte for byte, and by the same few statements: the page does not even look who that is."""
    anna.reader("left@example.org")
    anna.leave("left@example.org")
    with anna.statements() as first:
        expected = ask.post(PAGE, data=filled(address="somebody@example.org"))

    with anna.statements() as again:
        answer = ask.post(PAGE, data=filled(address=address))

    assert (answer.status_code, answer.content) == (200, expected.content)
    assert again == first


def test_a_robot_that_fills_the_hidden_field_is_thanked_and_forgotten(anna: House, ask: TestClient) -> None:
    """It learns nothing, and nobody gets a letter."""
    answer = ask.post(PAGE, data=filled(website="https://spam.example.net"))

    assert heading(answer) == "Now look into your mailbox"
    assert sign_ups(anna) == 0


def test_a_network_that_asks_too_often_is_told_to_wait(anna: House, ask: TestClient) -> None:
    """429 in words."""
    answers = [ask.post(PAGE, data=filled(address=f"n{n}@example.org")) for n in range(21)]

    assert [each.status_code for each in answers] == [200] * 20 + [429]
    assert "in an hour" in answers[-1].text


def test_a_letter_is_answered_by_a_button_and_by_nothing_else(anna: House, ask: TestClient, sink: Sink) -> None:
    """GET, HEAD and other methods change nothing; the button does, once."""
    ask.post(PAGE, data=filled())
    path = letter_path(anna, sink)
    before = anna.dump()

    for method in ("GET", "HEAD", "OPTIONS", "PROPFIND", "PUT", "DELETE"):
        ask.request(method, path)
    ask.post(path, data={"answer": "perhaps"})
    assert anna.dump() == before
    assert heading(ask.get(path)) == "Do you want to receive Daily?"

    assert heading(ask.post(path, data={"answer": "yes"})) == "You are subscribed to Daily."
    assert heading(ask.post(path, data={"answer": "yes"})) == "You are subscribed to Daily."
    assert anna.rows("SELECT state FROM subscriptions ORDER BY id")[-1] == ("active",)


@pytest.mark.parametrize("how", ["one click", "button"])
def test_a_stranger_says_that_it_was_not_them(anna: House, ask: TestClient, sink: Sink, how: str) -> None:
    """From the page, or by the mail program's own button (RFC 8058)."""
    ask.post(PAGE, data=filled())
    path = letter_path(anna, sink)

    answer = ask.post(path, data={"List-Unsubscribe": "One-Click"} if how == "one click" else {"answer": "no"})

    assert answer.status_code == 200
    assert "nora@example.org" not in anna.dump()


def test_no_page_for_readers_changes_anything_by_get(anna: House, ask: TestClient, sink: Sink) -> None:
    """Each address that a mail or a page has, as link scanners ask for it; personal ones are never stored."""
    anna.newsletter("daily", archive=True)
    anna.reader("all@example.org", topics="")
    article = anna.article("trade")
    anna.move(hours=2)
    anna.send(sink)
    ask.post(PAGE, data=filled())
    letter = letter_path(anna, sink)
    (delivery,) = anna.rows("SELECT MIN(id) FROM deliveries")
    view = anna.links.view(delivery[0]).removeprefix("https://news.example.org")
    own = preferences_path(anna)
    before = anna.dump()

    for path in (own, f"{own}/data", f"{own}/data.json", view, f"{view}/more", f"{view}/a{article}", letter):
        for method in ("GET", "HEAD"):
            answer = ask.request(method, path)
            assert answer.status_code == 200, path
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"
    for path in ("/", PAGE, f"{PAGE}/archive", f"{PAGE}/archive/2026-11-23", f"{PAGE}/feed.xml"):
        for method in ("GET", "HEAD"):
            assert ask.request(method, path).status_code == 200, path
    assert anna.dump() == before


def test_only_the_sign_up_page_may_run_a_script_and_only_ours(anna: House, ask: TestClient) -> None:
    """Nothing inline, nobody else's; every other page has none."""
    answer = ask.get(PAGE)
    assert policy(answer)["script-src"] == "'self'"
    assert re.findall(r"<script[^>]*>[^<]*", answer.text) == ['<script src="/static/zone.js" defer>']
    assert ask.get("/static/zone.js").status_code == 200
    assert strict(ask.get("/"))
    assert strict(ask.get(f"{preferences_path(anna)}/data"))


def test_hostile_names_and_titles_are_only_words(anna: House, ask: TestClient, sink: Sink) -> None:
    """In newsletters, topics, articles and what was typed."""
    anna.newsletter("daily", name=f"Daily {HOSTILE}", description=HOSTILE, archive=True)
    anna.reader("all@example.org", topics="")
    article = anna.article("space", f"Satellite {HOSTILE}", deck=HOSTILE)
    anna.move(hours=2)
    anna.send(sink)
    (delivery,) = anna.rows("SELECT MAX(id) FROM deliveries WHERE digest_id > 0")
    view = anna.links.view(delivery[0]).removeprefix("https://news.example.org")
    pages = [
        ask.get("/"),
        ask.post(PAGE, data=filled(action="sample", keywords=HOSTILE, address=HOSTILE, zone="UTC")),
        ask.post(PAGE, data=filled(keywords=HOSTILE, address=HOSTILE, zone=HOSTILE)),
        ask.get(f"{PAGE}/archive"),
        ask.get(f"{PAGE}/archive/2026-11-23"),
        ask.get(f"{PAGE}/feed.xml"),
        ask.get(f"{view}/a{article}"),
        ask.get(f"{view}/more"),
        ask.get(preferences_path(anna)),
    ]

    for page in pages:
        assert page.status_code in (200, 422), page.url
        assert "<img src=x" not in page.text


def test_the_archive_is_closed_until_it_is_switched_on(anna: House, ask: TestClient, sink: Sink) -> None:
    """Then it has what readers of everything were sent, with nobody's links and nobody's address."""
    anna.reader("all@example.org", topics="")
    anna.article("space", "Satellite at dawn")
    anna.article("trade", "Tariff on rope")
    anna.move(hours=2)
    anna.send(sink)
    assert ask.get(f"{PAGE}/archive").status_code == ask.get(f"{PAGE}/feed.xml").status_code == 404
    anna.newsletter("daily", archive=True)

    mail = ask.get(f"{PAGE}/archive/2026-11-23")

    assert "Satellite at dawn" in mail.text
    assert "Tariff on rope" in mail.text
    assert "sandbox" in mail.headers["content-security-policy"]
    assert "example.org</" not in mail.text.replace("https://news.example.org</", "")
    assert not re.search(r"/[upc]/[\w-]{32}|/v/[\w-]{32}", mail.text)
    assert "/n/daily/archive/2026-11-23" in ask.get(f"{PAGE}/archive").text
    assert "<id>https://news.example.org/n/daily/archive/2026-11-23</id>" in ask.get(f"{PAGE}/feed.xml").text
    assert ask.get(f"{PAGE}/archive?page=2").status_code == 404
    assert ask.get("/n/nothing/archive").status_code == 404


def test_an_edition_that_has_not_left_is_not_in_the_archive(anna: House, ask: TestClient) -> None:
    """The public never reads it before its readers do."""
    anna.newsletter("daily", archive=True)
    anna.reader("all@example.org", topics="")
    anna.article("space")
    anna.move(hours=2)
    anna.plan()

    assert "Nothing was sent yet" in ask.get(f"{PAGE}/archive").text
    assert ask.get(f"{PAGE}/archive/2026-11-23").status_code == 404


def test_a_reader_takes_their_data_and_erases_it(anna: House, ask: TestClient) -> None:
    """By POST; a suppression stays that names nobody."""
    own = preferences_path(anna)
    assert ask.get(f"{own}/data.json").json()["address"] == ANNA
    ask.post(f"{own}/data", data={"erase": "perhaps"})
    assert ANNA in anna.dump()

    answer = ask.post(f"{own}/data", data={"erase": "yes"})

    assert heading(answer) == "Your data is erased."
    assert ANNA not in anna.dump()
    assert anna.rows("SELECT reason FROM suppressions") == [("erased",)]
    assert ask.get(own).status_code == 404


def test_more_and_less_of_a_topic_move_interests_by_a_step(anna: House, ask: TestClient, sink: Sink) -> None:
    """POST after a page; only what the page offers is done."""
    article = anna.article("trade", "Tariff on rope")
    anna.move(hours=2)
    anna.send(sink)
    (delivery,) = anna.rows("SELECT MIN(id) FROM deliveries")
    path = f"{anna.links.view(delivery[0])}/a{article}".removeprefix("https://news.example.org")

    def interests() -> Any:
        from digest.store.subscriptions import find_agreement

        with reading(anna.engine) as connection:
            found = find_agreement(connection, anna.subscription_id(ANNA))
        assert found is not None
        return found.interests

    ask.post(path, data={"topic": "trade", "liking": "more"})
    assert [(each.topic, each.weight) for each in interests().follows] == [("trade", 1.5)]
    ask.post(path, data={"topic": "trade", "liking": "less"})
    assert interests().follows[0].weight == 1.0
    assert ask.post(path, data={"topic": "sport", "liking": "follow"}).status_code == 422
    ask.post(path, data={"topic": "trade", "liking": "mute"})
    assert interests().muted == ("trade",)
    assert ask.get(path.replace("/v/", "/v/x")).status_code == 404


def test_a_change_shows_the_next_digest_at_once(anna: House, ask: TestClient) -> None:
    """Without what other interests would bring."""
    anna.article("space", "Satellite at dawn")
    anna.article("trade", "Tariff on rope")
    own = anna.subscription_id(ANNA)

    answer = ask.post(
        preferences_path(anna),
        data={"action": "save", "subscription": own, "topics": ["space"], "keywords": "", "send_at": "07:00"},
    )

    assert "Satellite at dawn" in answer.text
    assert "Tariff on rope" not in answer.text


def test_days_are_the_readers_own(anna: House, ask: TestClient) -> None:
    """All seven are the newsletter's own again."""
    own = anna.subscription_id(ANNA)
    data = {"action": "save", "subscription": own, "keywords": "", "send_at": "07:00", "days_shown": "1"}

    ask.post(preferences_path(anna), data={**data, "days": ["mon", "thu"]})
    assert anna.rows("SELECT frequency FROM subscriptions WHERE id = :i", i=own) == [("mon,thu",)]
    ask.post(preferences_path(anna), data={**data, "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]})
    assert anna.rows("SELECT frequency FROM subscriptions WHERE id = :i", i=own) == [("",)]


def test_another_newsletter_is_one_click_away_for_who_reads_one(anna: House, ask: TestClient) -> None:
    """Their address is known to be theirs; what they agreed to is on record."""
    anna.newsletter("monthly")

    answer = ask.post(preferences_path(anna), data={"action": "join", "newsletter": "monthly"})

    assert answer.status_code == 200
    assert anna.rows("SELECT state FROM subscriptions ORDER BY id")[-1] == ("active",)
    ((event, wording),) = anna.rows("SELECT event, wording FROM consents WHERE wording <> ''")
    assert (event, "Send me Monthly by mail." in wording) == ("given", True)


def test_who_left_may_say_why_once(anna: House, ask: TestClient) -> None:
    """Afterwards, and only if they like."""
    path = anna.links.leave(anna.subscription_id(ANNA)).removeprefix("https://news.example.org")
    ask.post(path, data={"why": "other"})
    assert "You are unsubscribed" in ask.post(path, data={"confirm": "yes"}).text

    for _ in range(2):
        assert "Thank you for telling us." in ask.post(path, data={"why": "too_many"}).text
    ask.post(path, data={"why": HOSTILE})

    assert anna.rows("SELECT source FROM consents WHERE event = 'told_why'") == [("too_many",)]


@pytest.mark.parametrize("locale", ["ko", "ar", "de"])
def test_the_pages_of_a_sign_up_speak_the_browsers_language(anna: House, locale: str) -> None:
    """With the direction of its script."""
    with browser(anna.installation, headers={"accept-language": locale}) as ask:
        page = lxml_html.document_fromstring(ask.get(PAGE).text)

    assert (page.get("lang"), page.get("dir")) == (locale, "rtl" if locale == "ar" else "ltr")
    assert "Subscribe" not in page.find("body").text_content()

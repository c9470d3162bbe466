"""What a reader, a mail program and a link scanner get from the addresses that mails carry."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.article import ArticleState, Section
from digest.model.newsletter import Disclaimers, Schedule, Unmarked
from digest.pipeline.addresses import address_hash
from digest.pipeline.erase_subscriber import erase_subscriber
from digest.pipeline.installation import Installation
from digest.pipeline.preview import preview
from digest.rendering.i18n import load_translations
from digest.store.articles import set_state
from digest.store.subscribers import suppressed_hashes
from digest.tokens import Purpose, Tokens
from digest.web.pages import masked
from digest.web.site import build_site
from tests.house import SECRET, House
from tests.sink import Sink

ANNA = "anna@example.org"
# What Gmail sends, as RFC 8058 §3.2 wants it: these 26 bytes and nothing else.
GMAIL = "List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}
LOCALES = ("en", "ko", "ja", "ar", "de")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an installation with two newsletters, both read by Anna; each test gets a copy."""
    folder = tmp_path_factory.mktemp("house")
    made = House(folder)
    for newsletter in ("daily", "weekly"):
        made.newsletter(newsletter)
        made.reader(ANNA, newsletter, topics="trade", name="Anna")
    made.engine.dispose()
    return folder


@pytest.fixture
def anna(made_once: Path, tmp_path: Path) -> Iterator[House]:
    """Give an installation with two newsletters, both read by Anna."""
    made = House(Path(shutil.copytree(made_once, tmp_path / "house")))
    yield made
    made.engine.dispose()


@pytest.fixture
def ask(anna: House) -> Iterator[TestClient]:
    """Give a browser without cookies that follows no redirect."""
    with browser(anna.installation) as client:
        yield client


def browser(installation: Installation, **how: Any) -> TestClient:
    return TestClient(build_site(installation), base_url="https://news.example.org", follow_redirects=False, **how)


def leave_path(house: House, address: str = ANNA, newsletter: str = "daily") -> str:
    return house.links.leave(house.subscription_id(address, newsletter)).removeprefix("https://news.example.org")


def preferences_path(house: House, address: str = ANNA) -> str:
    (row,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=address)
    return house.links.preferences(row[0]).removeprefix("https://news.example.org")


def subscription(house: House, newsletter: str = "daily", address: str = ANNA) -> tuple[Any, ...]:
    """Return state, reason, own hour."""
    (row,) = house.rows(
        "SELECT state, ended_reason, send_at FROM subscriptions WHERE id = :i",
        i=house.subscription_id(address, newsletter),
    )
    return row


def form(house: House, action: str, newsletter: str = "daily", **fields: Any) -> dict[str, Any]:
    return {"action": action, "subscription": str(house.subscription_id(ANNA, newsletter)), **fields}


def heading(answer: Any) -> str:
    return str(lxml_html.document_fromstring(answer.text).findtext(".//h1"))


# --- Leaving in one click (RFC 8058) ---


@pytest.mark.parametrize("program", ["urlencoded", "multipart", "no content type", "more fields than needed"])
def test_a_mail_program_unsubscribes_its_reader_in_one_post(anna: House, ask: TestClient, program: str) -> None:
    """200 at once: no redirect, no cookie, no login, no Referer (RFC 8058 §3.1-3.2)."""
    how: dict[str, Any] = {
        "urlencoded": {"content": GMAIL, "headers": FORM},
        "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
        "no content type": {"content": GMAIL.encode()},
        "more fields than needed": {"data": {"List-Unsubscribe": "One-Click", "other": "1"}},
    }[program]

    answer = ask.post(leave_path(anna), **how)

    assert answer.status_code == 200
    assert not answer.history
    assert "location" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert subscription(anna)[:2] == ("ended", "one_click")


def test_one_click_leaves_that_list_and_no_other(anna: House, ask: TestClient) -> None:
    """The other newsletter goes on; leaving all of them is a button of its own."""
    ask.post(leave_path(anna), content=GMAIL, headers=FORM)

    assert subscription(anna, "weekly")[0] == "active"


def test_leaving_is_logged_once_however_often_it_is_asked(anna: House, ask: TestClient) -> None:
    """A second POST is 200 too and changes nothing."""
    answers = [ask.post(leave_path(anna), content=GMAIL, headers=FORM) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert anna.rows("SELECT event, source FROM consents WHERE event = 'ended'") == [
        ("ended", "one-click POST (RFC 8058)")
    ]


@pytest.mark.parametrize("token", ["x", "A" * 32, "-" * 32, "a" * 5000, "%00", "%2e%2e", "caf%C3%A9"])
def test_an_unknown_token_is_answered_like_a_known_one(anna: House, ask: TestClient, token: str) -> None:
    """Nobody learns from the answer who is subscribed."""
    before = anna.dump()
    known = ask.post(leave_path(anna, newsletter="weekly"), content=GMAIL, headers=FORM)
    anna.change("UPDATE subscriptions SET state = 'active', ended_reason = ''")
    anna.change("DELETE FROM consents WHERE event = 'ended'")

    unknown = ask.post(f"/u/{token}", content=GMAIL, headers=FORM)

    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    assert unknown.headers == known.headers
    assert anna.dump() == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param("", FORM["content-type"], id="empty"),
        pytest.param("List-Unsubscribe=one-click", FORM["content-type"], id="other case"),
        pytest.param("list-unsubscribe=One-Click", FORM["content-type"], id="other field"),
        pytest.param("List-Unsubscribe=One-Click2", FORM["content-type"], id="other value"),
        pytest.param('{"List-Unsubscribe": "One-Click"}', "application/json", id="json"),
        pytest.param(GMAIL, "text/plain", id="text"),
        pytest.param(GMAIL, "application/octet-stream", id="bytes"),
        pytest.param("--b\r\n", "multipart/form-data", id="multipart without a boundary"),
        pytest.param("--b\r\nnonsense", "multipart/form-data; boundary=b", id="broken multipart"),
        pytest.param(
            '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"; filename="f"\r\n\r\nOne-Click\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            id="a file",
        ),
        pytest.param("&".join(f"a{n}=1" for n in range(2000)), FORM["content-type"], id="too many fields"),
        pytest.param("\x00\xff=%zz&%", FORM["content-type"], id="nonsense"),
        pytest.param("confirm=no", FORM["content-type"], id="not confirmed"),
    ],
)
def test_a_post_that_does_not_ask_to_leave_changes_nothing(anna: House, ask: TestClient, body: str, kind: str) -> None:
    """400, with the strict headers and no stack trace."""
    before = anna.dump()

    answer = ask.post(leave_path(anna), content=body.encode("latin-1"), headers={"content-type": kind})

    assert answer.status_code == 400
    assert anna.dump() == before
    assert strict(answer)


def test_a_body_without_a_kind_that_says_nothing_changes_nothing(anna: House, ask: TestClient) -> None:
    """However many fields it has."""
    for body in (b"", b"\xff\xfe", b"&".join(b"a=%d" % n for n in range(2000))):
        assert ask.post(leave_path(anna), content=body).status_code == 400

    assert subscription(anna)[0] == "active"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PROPFIND", "PUT", "DELETE", "PATCH", "TRACE"])
def test_nothing_but_post_changes_anything_anywhere(anna: House, ask: TestClient, method: str) -> None:
    """Scanners and prefetchers follow every address of a mail, some with a form's words in the query."""
    article = anna.article()
    before = anna.dump()
    paths = [
        leave_path(anna),
        preferences_path(anna),
        anna.links.view(1).removeprefix("https://news.example.org"),
        f"/articles/{article}",
        "/",
        "/static/pages.css",
        "/nothing",
    ]

    for path in paths:
        for query in ("", f"?{GMAIL}&confirm=yes&action=leave_all"):
            for purpose in ("prefetch", ""):
                answer = ask.request(method, path + query, headers={"Sec-Purpose": purpose, "User-Agent": "Scanner"})
                assert answer.status_code in (200, 404, 405), (path, answer.status_code)
                assert strict(answer), path

    assert anna.dump() == before


def test_what_is_not_allowed_is_answered_with_what_is(anna: House, ask: TestClient) -> None:
    """405 names every method of the address (RFC 9110 §15.5.6)."""
    answer = ask.request("PROPFIND", leave_path(anna))

    assert answer.status_code == 405
    assert {each.strip() for each in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


def test_a_slash_too_many_is_not_sent_elsewhere(anna: House, ask: TestClient) -> None:
    """RFC 8058 forbids redirects, and a redirect would take its host from the request."""
    answer = ask.post(f"{leave_path(anna)}/", content=GMAIL, headers=FORM)

    assert answer.status_code == 404
    assert subscription(anna)[0] == "active"


# --- Tokens ---


def test_a_token_is_worth_nothing_for_another_purpose(anna: House, ask: TestClient) -> None:
    """Leave, preferences and view tokens are bound to what they are for."""
    number = anna.subscription_id(ANNA)
    tokens = anna.installation.tokens
    before = anna.dump()

    for path, own in (("u", Purpose.LEAVE), ("p", Purpose.PREFERENCES), ("v", Purpose.VIEW)):
        for purpose in set(Purpose) - {own}:
            token = tokens.make(purpose, number)
            assert ask.get(f"/{path}/{token}").status_code == 404
            ask.post(f"/{path}/{token}", data={"List-Unsubscribe": "One-Click", "action": "leave_all"})

    assert anna.dump() == before


def test_a_token_with_any_bit_changed_opens_nothing(anna: House, ask: TestClient) -> None:
    """Nor one that was cut, or joined with more."""
    path = leave_path(anna)
    token = path.removeprefix("/u/")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    bent = [token[:-1], token + "A", token + "=", token + "%0A", token.swapcase(), ""]
    bent += [token[:n] + alphabet[alphabet.index(token[n]) ^ 1] + token[n + 1 :] for n in range(len(token))]

    for each in bent:
        assert ask.post(f"/u/{each}", data={"List-Unsubscribe": "One-Click"}).status_code in (200, 404)

    assert subscription(anna)[0] == "active"


def test_a_link_of_long_ago_signed_with_a_key_that_was_rotated_away_still_leaves(anna: House) -> None:
    """400 days old: tokens never expire (CASL s. 11(2)), and the previous key verifies."""
    path = leave_path(anna)
    anna.move(days=400)
    rotated = replace(anna.installation, tokens=Tokens("another secret of at least 32 characters", SECRET))

    with browser(rotated) as ask:
        assert ask.get(path).status_code == 200
        assert ask.post(path, content=GMAIL, headers=FORM).status_code == 200

    assert subscription(anna)[:2] == ("ended", "one_click")


def test_a_rotated_key_that_leaves_opens_no_preferences(anna: House) -> None:
    """It may be in other hands: the page of an old leave link leads nowhere else."""
    path = leave_path(anna)
    rotated = replace(anna.installation, tokens=Tokens("another secret of at least 32 characters", SECRET))

    with browser(rotated) as ask:
        old = ask.get(path)
        fresh = ask.get(f"/u/{rotated.tokens.make(Purpose.LEAVE, anna.subscription_id(ANNA))}")

    assert "/p/" not in old.text
    assert "/p/" in fresh.text


def test_a_key_that_is_gone_is_answered_like_a_forgery(anna: House) -> None:
    """Its links are invalid; nothing breaks."""
    path = leave_path(anna)
    forgotten = replace(anna.installation, tokens=Tokens("another secret of at least 32 characters"))

    with browser(forgotten) as ask:
        assert ask.get(path).status_code == 404
        assert ask.post(path, content=GMAIL, headers=FORM).status_code == 200

    assert subscription(anna)[0] == "active"


# --- The page of the leave link ---


def test_a_reader_who_opens_the_leave_link_is_asked_and_leaves_by_the_button(anna: House, ask: TestClient) -> None:
    """One page, one button, plain HTML."""
    page = ask.get(leave_path(anna))
    document = lxml_html.document_fromstring(page.text)
    (button,) = document.iter("button")

    assert heading(page) == "Do you want to stop receiving Daily?"
    assert subscription(anna)[0] == "active"
    assert not list(document.iter("script"))

    done = ask.post(leave_path(anna), data={button.get("name"): button.get("value")})

    assert heading(done) == "You are unsubscribed from Daily."
    assert subscription(anna)[:2] == ("ended", "page")


def test_a_reader_who_has_left_is_not_asked_again(anna: House, ask: TestClient) -> None:
    """The link says that it is done, and where to go back."""
    anna.leave(ANNA)

    page = ask.get(leave_path(anna))

    assert heading(page) == "You are unsubscribed from Daily."
    assert preferences_path(anna) in page.text


@pytest.mark.parametrize("state", ["pending", "paused", "active"])
def test_leaving_works_from_every_state(anna: House, ask: TestClient, state: str) -> None:
    """Also before a confirmation and during a pause."""
    anna.change("UPDATE subscriptions SET state = :s", s=state)

    assert ask.post(leave_path(anna), content=GMAIL, headers=FORM).status_code == 200

    assert subscription(anna)[0] == "ended"


def test_the_masked_address_tells_the_owner_and_nobody_else(anna: House, ask: TestClient) -> None:
    """A forwarded mail gives no address away."""
    for path in (leave_path(anna), preferences_path(anna)):
        page = ask.get(path)
        assert "a•••@example.org" in page.text
        assert ANNA not in page.text

    assert masked("x@example.org") == "x•••@example.org"
    assert masked("") == ""


# --- The preferences page ---


def test_the_preferences_show_what_a_reader_has(anna: House, ask: TestClient) -> None:
    """Every newsletter, its topics, the hour and whose clock it is."""
    anna.reader("jun@example.org", topics="trade|space", timezone="Asia/Seoul", locale="ko", send_at="06:30")

    page = ask.get(preferences_path(anna, "jun@example.org"))
    document = lxml_html.document_fromstring(page.text)

    checked = {box.get("value") for box in document.xpath("//input[@type='checkbox'][@checked]")}
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


def test_a_topic_that_was_muted_and_is_chosen_is_muted_no_more(anna: House, ask: TestClient) -> None:
    """Mute beats any score, so a checked topic that stayed muted would never come."""
    anna.reader("mo@example.org", topics="trade", muted="space|sport")
    anna.article("space", "Satellite news")
    number = str(anna.subscription_id("mo@example.org"))
    chosen = {"action": "save", "subscription": number, "topics": ["space"], "send_at": "07:00"}

    ask.post(preferences_path(anna, "mo@example.org"), data=chosen)
    shown = preview(anna.installation, "daily", "mo@example.org", at=anna.move(days=1))

    assert [each.article.article.title for each in shown.made.selection.chosen] == ["Satellite news"]


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


# --- Erased readers ---


def test_an_erased_reader_has_no_pages_and_no_way_back(anna: House, ask: TestClient, sink: Sink) -> None:
    """Preferences and mail are gone; the leave link says only that it is done."""
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    leave, preferences = leave_path(anna), preferences_path(anna)
    (view,) = re.findall(r"https://news\.example\.org(/v/[\w-]{32})", sink.mails[0].text)
    resume = form(anna, "resume")
    assert ask.get(view).status_code == 200

    erase_subscriber(anna.engine, ANNA, secret=SECRET, now=anna.clock.now())

    assert ask.get(preferences).status_code == 404
    assert ask.post(preferences, data=resume).status_code == 404
    assert ask.get(view).status_code == 404
    page = ask.get(leave)
    assert heading(page) == "You are unsubscribed from Daily."
    assert "/p/" not in page.text
    assert ask.post(leave, content=GMAIL, headers=FORM).status_code == 200


def test_a_token_without_a_row_is_answered_like_a_forgery(anna: House, ask: TestClient) -> None:
    """A subscription that was deleted altogether."""
    links = anna.links
    for url in (links.leave(10**9), links.preferences(10**9), links.view(10**9), links.leave(2**63 - 1)):
        assert ask.get(url.removeprefix(links.base_url)).status_code == 404

    assert ask.post(links.leave(10**9).removeprefix(links.base_url), content=GMAIL, headers=FORM).status_code == 200


# --- View in browser ---


@pytest.mark.parametrize("locale", LOCALES)
def test_view_in_browser_is_the_html_part_of_the_mail(anna: House, ask: TestClient, sink: Sink, locale: str) -> None:
    """Byte for byte, also after the article and the reader's name have changed."""
    anna.reader("eye@example.org", topics="trade", name="Iris <b>", locale=locale)
    anna.article("trade", "관세 Tariff 関税", language="ko")
    anna.move(hours=2)
    anna.send(sink)
    (mail,) = sink.to("eye@example.org")
    anna.change("UPDATE subscribers SET name = 'Other'")
    anna.change("UPDATE revisions SET content = '{}'")

    (address,) = set(re.findall(r"https://news\.example\.org(/v/[\w-]{32})", mail.text))
    page = ask.get(address)

    part = mail.parsed.get_body(("html",))
    assert part is not None
    assert page.content == part.get_payload(decode=True)
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_a_mail_shown_as_a_page_is_put_into_a_sandbox(anna: House, ask: TestClient, sink: Sink) -> None:
    """No script, no form, no frame, nothing from elsewhere but https pictures."""
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    (address,) = set(re.findall(r"https://news\.example\.org(/v/[\w-]{32})", sink.mails[0].text))

    rules = policy(ask.get(address))

    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "https:"
    assert rules["form-action"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "sandbox" in rules
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]


# --- The page of an article ---


def test_an_article_without_an_address_has_a_page_with_its_disclaimer(anna: House, ask: TestClient) -> None:
    """Everything is text; the notice stands before the body."""
    number = anna.article(
        "trade",
        "<script>alert(1)</script> Tariff",
        url="",
        disclaimer="Written by a machine.",
        sections=(Section("Head <b>", ("Para </p><img src=x onerror=y>.",)),),
    )

    page = ask.get(f"/articles/{number}")

    assert page.status_code == 200
    document = lxml_html.document_fromstring(page.text)
    assert not list(document.iter("script", "img"))
    assert heading(page) == "<script>alert(1)</script> Tariff"
    assert page.text.index("Written by a machine.") < page.text.index("Para ")


@pytest.mark.parametrize(
    ("flag", "rule", "notices", "shown"),
    [
        (True, Unmarked.LEAVE, {"en": "Made by AI."}, "Made by AI."),
        (True, Unmarked.LEAVE, {}, "This content may be AI-generated."),
        (None, Unmarked.LABEL, {"en": "Made by AI."}, "Made by AI."),
        (None, Unmarked.LABEL, {}, "This content may be AI-generated."),
        (None, Unmarked.LEAVE, {"en": "Made by AI."}, ""),
        (False, Unmarked.LABEL, {"en": "Made by AI."}, ""),
    ],
)
def test_the_page_of_an_article_does_not_say_less_than_the_mail(
    anna: House, ask: TestClient, flag: bool | None, rule: Unmarked, notices: dict[str, str], shown: str
) -> None:
    """An article that is flagged, or must be taken for it, has our notice where the publisher gave none."""
    for slug in ("daily", "weekly"):
        anna.newsletter(slug, disclaimers=Disclaimers(rule, notices))
    number = anna.article(url="", ai_generated=flag)

    found = lxml_html.document_fromstring(ask.get(f"/articles/{number}").text).xpath("//p[@class='notice']/text()")

    assert found == ([shown] if shown else [])


def test_a_withdrawn_article_is_gone(anna: House, ask: TestClient) -> None:
    """404 like one that never was."""
    number = anna.article(url="")
    with anna.engine.begin() as connection:
        set_state(connection, number, ArticleState.WITHDRAWN)

    assert ask.get(f"/articles/{number}").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9" * 18, "9" * 40, "%31%00", "1%0A", "٣"])
def test_a_number_that_is_no_article_is_not_found(ask: TestClient, number: str) -> None:
    """Whatever its size: the database is not asked for what it cannot hold."""
    answer = ask.get(f"/articles/{number}")

    assert answer.status_code == 404
    assert strict(answer)


# --- Every answer ---


def policy(answer: Any) -> dict[str, str]:
    rules = (rule.strip().partition(" ") for rule in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in rules}


def strict(answer: Any) -> bool:
    """Return whether the answer leaves nothing open, and tells nothing of the program behind it."""
    rules, headers = policy(answer), answer.headers
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert "script-src" not in rules
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["x-robots-tag"].startswith("noindex")
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "set-cookie" not in headers
    assert "server" not in headers
    assert not re.search(r"Traceback|File \"|starlette|fastapi|sqlalchemy|detail", answer.text)
    return True


def test_a_body_that_is_too_large_is_refused_before_it_is_read(anna: House, ask: TestClient) -> None:
    """413, told or untold; 64 KB are enough for any form of ours."""

    def drip() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 1000

    for content in (b"x" * 70_000, drip()):
        answer = ask.post(leave_path(anna), content=content, headers=FORM)
        assert answer.status_code == 413
        assert strict(answer)

    assert ask.post(leave_path(anna), content="a=" + "x" * 60_000, headers=FORM).status_code == 400
    assert subscription(anna)[0] == "active"


def test_when_something_breaks_the_reader_is_told_so_and_nothing_else(anna: House) -> None:
    """500 in words, with the strict headers; the cause is for the log."""
    anna.change("DROP TABLE consents")

    with browser(anna.installation, raise_server_exceptions=False) as ask:
        answer = ask.post(leave_path(anna), content=GMAIL, headers=FORM)

    assert answer.status_code == 500
    assert "try again" in heading(answer)
    assert strict(answer)
    assert subscription(anna)[0] == "active"


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko-KR"),
        ("fr, de;q=0.5", "de"),
        ("en;q=0.1, ar", "ar"),
        ("ja;q=0, de;q=0.2", "de"),
        ("", "en"),
        ("*", "en"),
        ("tlh", "en"),
        (";;q=x,,../../etc", "en"),
        ("de;q=nan", "en"),
        ("x" * 5000, "en"),
    ],
)
def test_an_unknown_visitor_is_spoken_to_in_the_language_of_their_browser(
    ask: TestClient, wanted: str, tag: str
) -> None:
    """Accept-Language, best first, among the languages we have (RFC 9110 §12.5.4)."""
    answer = ask.get("/u/x", headers={"accept-language": wanted})

    document = lxml_html.document_fromstring(answer.text)
    said = load_translations(tag).gettext("This link is not valid. Use the link in your latest mail.")
    assert document.get("lang") == tag
    assert document.get("dir") == ("rtl" if tag == "ar" else "ltr")
    assert heading(answer) == said


def test_links_are_ours_whatever_host_a_request_names(anna: House, ask: TestClient) -> None:
    """Host and X-Forwarded-Host come from outside; no page repeats them."""
    for path in (leave_path(anna), preferences_path(anna), "/", "/u/x", "/static"):
        answer = ask.get(path, headers={"host": "evil.example.net", "x-forwarded-host": "evil.example.net"})
        assert "evil" not in answer.text
        assert "evil" not in str(answer.headers)


def test_an_installation_below_a_path_answers_there(anna: House) -> None:
    """Whether the proxy in front takes the path away or not."""
    below = replace(anna.installation, base_url="https://example.org/news")
    path = leave_path(anna)

    with browser(below) as ask:
        for address in (path, f"/news{path}"):
            page = ask.get(address)
            assert page.status_code == 200
            assert 'href="/news/static/pages.css"' in page.text
            assert f'href="/news{preferences_path(anna)}"' in page.text
        assert ask.get("/news/static/pages.css").status_code == 200


def test_the_demo_on_this_machine_does_not_ask_for_https(anna: House) -> None:
    """Strict-Transport-Security is for https addresses only."""
    local = replace(anna.installation, base_url="http://127.0.0.1:8000")

    with browser(local) as ask:
        assert "strict-transport-security" not in ask.get("/").headers


def test_the_front_door_says_where_to_go(ask: TestClient) -> None:
    """Each mail names the bare address of the installation, so it must not be a dead link."""
    answer = ask.get("/")

    assert answer.status_code == 200
    assert "links in your latest mail" in answer.text


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", ["active", "paused", "ended"])
def test_a_page_speaks_the_readers_language_in_every_word(
    anna: House, ask: TestClient, locale: str, state: str
) -> None:
    """No sentence of ours is left in English, and Arabic runs from right to left."""
    anna.change("UPDATE subscribers SET locale = :l", l=locale)
    until = int((anna.clock.now() + timedelta(days=9)).timestamp() * 1e6)
    anna.change(
        "UPDATE subscriptions SET state = :s, paused_until = :u, ended_reason = :r",
        s=state,
        u=until if state == "paused" else None,
        r="page" if state == "ended" else "",
    )
    english = TestWords.of(ask, anna, "en")

    words = TestWords.of(ask, anna, locale)

    assert words.direction == ("rtl" if locale == "ar" else "ltr")
    if locale != "en":
        names = {"Daily", "Weekly", "a•••@example.org", "", "Trade", "Energy", "Sport", "Space"}
        assert words.said & english.said <= names


class TestWords:
    """What stands on the leave and preferences pages."""

    __test__ = False

    def __init__(self, said: set[str], direction: str) -> None:
        self.said, self.direction = said, direction

    @classmethod
    def of(cls, ask: TestClient, house: House, locale: str) -> TestWords:
        house.change("UPDATE subscribers SET locale = :l", l=locale)
        documents = [
            lxml_html.document_fromstring(ask.get(path).text) for path in (leave_path(house), preferences_path(house))
        ]
        said = {text.strip() for document in documents for text in document.find("body").itertext()}
        return cls(said, documents[0].get("dir"))


def test_every_sentence_for_a_reader_is_in_the_catalogues() -> None:
    """What the pages say when something is wrong comes from Python, where no template test sees it."""
    package = Path(build_site.__code__.co_filename).parents[1]
    sources = [package / "pipeline" / "subscribe.py", package / "web" / "pages.py", package / "web" / "preferences.py"]
    code = "\n".join(source.read_text("utf-8") for source in sources)
    told = set(re.findall(r'BadInput\(\s*"([^"]+)"', code)) | set(
        re.findall(r'^ {4}\d+: "([^"]+)"', code, re.MULTILINE)
    )
    told |= set(re.findall(r'^_WRONG_OTHERWISE = "([^"]+)"', code, re.MULTILINE))

    assert len(told) >= 11
    for locale in ("ko", "ja", "ar", "de"):
        untold = {sentence for sentence in told if load_translations(locale).gettext(sentence) == sentence}
        assert untold == set()


def test_the_style_sheet_is_ours_and_asks_nobody_else(ask: TestClient) -> None:
    """No import, no font, no picture; a browser may keep it and must ask whether it changed."""
    answer = ask.get("/static/pages.css")

    assert answer.headers["content-type"].startswith("text/css")
    assert not re.search(r"@import|url\(|https?:", answer.text)
    again = ask.get("/static/pages.css", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert ask.get("/static/../site.py").status_code == 404
    assert ask.get("/static/..%2fsite.py").status_code == 404


def test_a_page_loads_nothing_but_its_own_style_sheet(anna: House, ask: TestClient) -> None:
    """No third party learns that a reader was here."""
    for path in (leave_path(anna), preferences_path(anna), "/", "/nothing"):
        document = lxml_html.document_fromstring(ask.get(path).text)
        assert [each.get("href") for each in document.iter("link")] == ["/static/pages.css"]
        assert not list(document.iter("script", "img", "iframe", "object", "style", "base"))
        assert not [each for each in document.iter() if any(str(name).startswith("on") for name in each.attrib)]

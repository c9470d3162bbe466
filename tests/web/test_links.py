"""The leave link: what a reader, a mail program and a link scanner get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.tokens import Purpose, Tokens
from digest.web.pages import masked
from tests.house import SECRET, House
from tests.web.asking import (
    ANNA,
    FORM,
    GMAIL,
    browser,
    heading,
    leave_path,
    preferences_path,
    strict,
    subscription,
)

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

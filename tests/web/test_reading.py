"""The pages that are only read, and those of a reader who was erased."""

from __future__ import annotations

import re

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.article import ArticleState, Section
from digest.model.newsletter import Disclaimers, Unmarked
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from tests.house import SECRET, House
from tests.sink import Sink
from tests.web.asking import (
    ANNA,
    FORM,
    GMAIL,
    LOCALES,
    form,
    heading,
    leave_path,
    policy,
    preferences_path,
    strict,
)

# --- Erased readers ---


def test_an_erased_reader_has_no_pages_and_no_way_back(anna: House, ask: TestClient, sink: Sink) -> None:
    """Preferences and mail are gone; the leave link says only that it is done."""
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    leave, preferences = leave_path(anna), preferences_path(anna)
    view, *_ = re.findall(r"https://news\.example\.org(/v/[\w-]{32})", sink.mails[0].text)
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
    anna.change("UPDATE articles SET state = :s", s=ArticleState.WITHDRAWN.value)

    assert ask.get(f"/articles/{number}").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9" * 18, "9" * 40, "%31%00", "1%0A", "٣"])
def test_a_number_that_is_no_article_is_not_found(ask: TestClient, number: str) -> None:
    """Whatever its size: the database is not asked for what it cannot hold."""
    answer = ask.get(f"/articles/{number}")

    assert answer.status_code == 404
    assert strict(answer)

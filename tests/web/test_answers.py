"""What every answer holds: its headers, its language, and what it keeps to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.rendering.i18n import load_translations
from digest.web.site import build_site
from tests.house import House
from tests.web.asking import (
    FORM,
    GMAIL,
    LOCALES,
    browser,
    heading,
    leave_path,
    preferences_path,
    strict,
    subscription,
)


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
        ("fr, de;q=0.5", "fr"),
        ("eo, de;q=0.5", "de"),
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
        assert "evil.example" not in answer.text
        assert "evil.example" not in str(answer.headers)


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
    until = int((anna.clock.now() + timedelta(days=9)).timestamp() * 1e6)
    anna.change(
        "UPDATE subscriptions SET state = :s, paused_until = :u, ended_reason = :r",
        s=state,
        u=until if state == "paused" else None,
        r="page" if state == "ended" else "",
    )
    english, _ = spoken(ask, anna, "en")

    words, direction = spoken(ask, anna, locale)

    assert direction == ("rtl" if locale == "ar" else "ltr")
    if locale != "en":
        names = {"Daily", "Weekly", "a•••@example.org", "", "Trade", "Energy", "Sport", "Space"}
        # Every language is named in itself.
        assert words & english <= names | {"Deutsch", "English", "العربية", "日本語", "한국어", "français", "español"}


def spoken(ask: TestClient, house: House, locale: str) -> tuple[set[str], str]:
    """Return what the leave and preferences pages say to a reader of *locale*, and which way they run."""
    house.change("UPDATE subscribers SET locale = :l", l=locale)
    pages = [lxml_html.document_fromstring(ask.get(path(house)).text) for path in (leave_path, preferences_path)]
    return {text.strip() for page in pages for text in page.find("body").itertext()}, pages[0].get("dir")


def test_every_sentence_for_a_reader_is_in_the_catalogues() -> None:
    """What the pages say when something is wrong comes from Python, where no template test sees it."""
    package = Path(build_site.__code__.co_filename).parents[1]
    sources = [
        package / "pipeline" / "reading" / "subscribe.py",
        package / "web" / "pages.py",
        package / "web" / "preferences.py",
    ]
    code = "\n".join(source.read_text("utf-8") for source in sources)
    told = set(re.findall(r'BadInput\(\s*"([^"]+)"', code)) | set(
        re.findall(r'^ {4}\d+: "([^"]+)"', code, re.MULTILINE)
    )
    told |= set(re.findall(r'^_WRONG_OTHERWISE = "([^"]+)"', code, re.MULTILINE))

    assert len(told) >= 11
    for locale in ("ko", "ja", "ar", "de", "fr", "es"):
        untold = {sentence for sentence in told if load_translations(locale).gettext(sentence) == sentence}
        assert untold == set()


@pytest.mark.parametrize("sheet", ["colours.css", "pages.css", "staff.css"])
def test_a_style_sheet_is_ours_and_asks_nobody_else(ask: TestClient, sheet: str) -> None:
    """No import, no font, no picture; a browser may keep it and must ask whether it changed."""
    answer = ask.get(f"/static/{sheet}")

    assert answer.headers["content-type"].startswith("text/css")
    assert not re.search(r"@import|url\(|https?:", answer.text)
    again = ask.get(f"/static/{sheet}", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert ask.get("/static/../site.py").status_code == 404
    assert ask.get("/static/..%2fsite.py").status_code == 404


def test_a_page_loads_nothing_but_its_own_style_sheets(anna: House, ask: TestClient) -> None:
    """No third party learns that a reader was here."""
    for path in (leave_path(anna), preferences_path(anna), "/", "/nothing"):
        document = lxml_html.document_fromstring(ask.get(path).text)
        assert [each.get("href") for each in document.iter("link")] == [
            "/static/colours.css",
            "/static/pages.css",
        ]
        assert not list(document.iter("script", "img", "iframe", "object", "style", "base"))
        assert not [each for each in document.iter() if any(str(name).startswith("on") for name in each.attrib)]

"""The acceptance checklist for messages, on what was received over a socket: what readers see (items 29-42)."""

from __future__ import annotations

import re

import pytest
from lxml import html as lxml_html
from lxml.html import HtmlElement

from digest.rendering.clean import clean_text, clean_url, shorten
from digest.rendering.views import TITLE_LENGTH
from tests.house import House
from tests.journeys import hostile
from tests.journeys.post import NOTICES, POSTAL, Post, shown, squeezed, title_of
from tests.journeys.wire import Received, Wire
from tests.rendering.test_look import contrast, dark_rules, inherited, own_text, speaking, style_of

BASE = "https://news.example.org"
HARMLESS = frozenset("body div table tbody tr td p span a br h1 h2 ul li img strong".split(" "))  # noqa: SIM905


def cards(mail: Received) -> list[HtmlElement]:
    """Return the cell of each article, in order."""
    return mail.page.xpath("//h2/ancestor::td[1]")


def style_text(element: HtmlElement) -> str:
    return ";".join(f"{name}:{value}" for name, value in style_of(element).items())


def test_a_mail_is_never_so_large_that_it_is_clipped(post: Post) -> None:
    """Item 29: of 200 articles whole ones give way; footer, way out and every disclaimer are there."""
    for mail in post.all:
        assert len(mail.html.encode()) <= 100_000
    many = post.one("many")
    count = len(cards(many))

    assert 10 <= count < 200
    assert many.html.count(NOTICES["en"]) == many.text.count(NOTICES["en"].split(".")[0]) == count
    assert f"{200 - count} more articles are waiting for the next digest." in many.page.text_content()
    assert post.house.links.leave(post.house.subscription_id("many@example.org", "many")) in many.html
    assert all(line in many.page.text_content() for line in POSTAL.splitlines())


def test_an_article_too_large_for_any_mail_keeps_no_other_out(house: House) -> None:
    """Item 29: a disclaimer is never cut, so the article goes as a whole, today and every day."""
    house.reader("anna@example.org", topics="")
    house.article("trade", "Monster", disclaimer="Never cut. " * 12_000)
    house.article("trade", "Tariff news")
    house.move(hours=2)
    with Wire() as wire:
        house.send(wire)  # type: ignore[arg-type]

    (mail,) = wire.received
    assert [heading.text_content() for heading in mail.page.iter("h2")] == ["Tariff news"]


def test_language_and_direction_are_told_to_a_screen_reader(post: Post) -> None:
    """Item 33: on html and on the first wrapper; an Arabic article runs from the right in an English frame."""
    for mail in post.all:
        for element in (mail.page, mail.page.find("body")[0]):
            assert element.get("lang")
            assert element.get("dir") == ("rtl" if element.get("lang") == "ar" else "ltr")
    assert post.one("arabic").page.get("dir") == "rtl"
    headings = {heading.get("lang"): heading for heading in post.one("mixed").page.iter("h2")}
    assert {tag: heading.get("dir") for tag, heading in headings.items()} == {
        "en": "ltr",
        "ar": "rtl",
        "ja": "ltr",
        "ko": "ltr",
    }


def test_tables_are_layout_and_pictures_have_sizes_and_words(post: Post) -> None:
    """Item 34: role=presentation on every table; alt, width and height on every picture."""
    pictures = 0
    for mail in post.all:
        assert all(table.get("role") == "presentation" for table in mail.page.iter("table"))
        assert not list(mail.page.iter("th", "caption"))
        for image in mail.page.iter("img"):
            pictures += 1
            assert image.get("alt") is not None
            assert int(image.get("width")) > 1
            assert int(image.get("height")) > 1
            assert image.get("src").startswith("https://")
    assert pictures > 60


def test_headings_tell_the_mail_and_its_articles(post: Post) -> None:
    """Item 35: one h1, one h2 for each article, a title."""
    for slug, mails in post.mails.items():
        for mail in mails:
            assert len(list(mail.page.iter("h1"))) == 1
            assert mail.page.findtext(".//title")
            if slug == "many":
                continue
            titles = [heading.text_content() for heading in mail.page.iter("h2")]
            expected = {shorten(title_of(each), TITLE_LENGTH) for each in post.articles[slug]}
            assert set(titles) <= expected
            assert len(titles) == (1 if slug == "hostile-titles" else len(post.articles[slug]))


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_every_word_can_be_read_by_day_and_by_night(post: Post, palette: str) -> None:
    """Item 36: contrast is at least 4.5:1 for texts, links and disclaimers, from inline styles and dark rules."""
    for slug in ("ascii", "japanese", "arabic", "mixed", "hostile-direct-0"):
        document = post.mails[slug][0].page
        dark = dark_rules(document) if palette == "dark" else {}
        pairs = {(inherited(e, "color", dark), inherited(e, "background-color", dark)) for e in speaking(document)}
        assert len(pairs) >= 4
        assert {pair for pair in pairs if contrast(*pair) < 4.5} == set()


def test_nothing_is_hidden(post: Post) -> None:
    """Item 37: no element without size, colour or display; no filling of invisible characters."""
    for mail in post.all:
        for element in mail.page.find("body").iter():
            style = element.get("style", "") if isinstance(element.tag, str) else ""
            assert not re.search(r"display:\s*none|visibility|opacity|mso-hide|font-size:\s*[0-8](px|pt|;|$)", style)
            assert not re.search(r"(max-)?(width|height):\s*0|text-indent|clip|position|left:\s*-", style)
            assert not (isinstance(element.tag, str) and "hidden" in element.attrib)
        assert not re.search("[\u200b\u00ad\u034f]|(&nbsp;|\u00a0){4}", mail.html)


def test_a_mail_is_whole_without_its_style_sheet_and_its_pictures(post: Post) -> None:
    """Item 38: colours, sizes and fonts stand in the elements, and every word is a word, not a picture."""
    for slug in ("ascii", "mixed", "arabic"):
        mail = post.mails[slug][0]
        bare = lxml_html.document_fromstring(re.sub(r"(?s)<style>.*?</style>|<img [^>]*>", "", mail.html))
        words = bare.find("body").text_content()

        assert len(words) >= 400
        for each in post.articles[slug]:
            assert title_of(each) in words
            assert clean_text(each.deck) in words
            assert each.disclaimer in words
        for element in speaking(bare):
            for prop in ("color", "background-color", "font-size", "line-height", "font-family"):
                assert inherited(element, prop, {})


def test_what_an_article_brings_stays_words(post: Post) -> None:
    """Item 39: no script, form, frame, base, handler or address that runs, from snippets, feeds or addresses."""
    for mail in post.all:
        body = mail.page.find("body")
        tags = {each.tag for each in body.iter() if isinstance(each.tag, str)}
        assert tags <= HARMLESS, tags - HARMLESS
        assert len(list(mail.page.iter("style"))) == 1
        assert len(list(mail.page.iter("link", "base", "script"))) == 0
        assert not [each for each in mail.page.iter("meta") if (each.get("http-equiv") or "").lower() == "refresh"]
        for element in mail.page.iter():
            if not isinstance(element.tag, str):
                continue
            for name, value in element.attrib.items():
                assert not name.lower().startswith("on"), name
                assert name.lower() not in ("srcdoc", "srcset", "formaction", "action", "background", "ping"), name
                if name.lower() in ("href", "src"):
                    assert value.startswith("https://"), value
            assert not re.search(r"url\(|expression|@import|behavior", style_text(element))
        assert not re.search(r"@import|url\(|expression", mail.page.findtext(".//style"))


def test_a_snippet_is_read_as_it_was_written(post: Post) -> None:
    """Item 39: hostile markup in a title is text, whole, in both parts; templates do not run it."""
    for n in range(0, len(hostile.SNIPPETS), 16):
        mail = post.one(f"hostile-direct-{n}")
        said = [heading.text_content() for heading in mail.page.iter("h2")]
        assert sorted(said) == sorted(title_of(each) for each in post.articles[f"hostile-direct-{n}"])
        for title in said:
            assert squeezed(title) in squeezed(mail.text)


def test_who_reads_plain_text_has_everything(post: Post) -> None:
    """Item 40: titles, addresses, disclaimers, the way out and who we are; no HTML in it."""
    for slug, mails in post.mails.items():
        for mail in mails:
            flat = squeezed(mail.text)
            for each in shown(post, slug, mail):
                assert squeezed(title_of(each)) in flat
                assert squeezed(clean_text(each.disclaimer)) in flat
                assert clean_url(each.url) in mail.text
            (leave, _) = re.findall(r"<([^>]+)>", mail.field("List-Unsubscribe"))
            lines = [line.strip() for line in mail.text.splitlines()]
            assert leave in lines
            assert all(line in lines for line in POSTAL.splitlines())
            assert all(link.get("href") in mail.text for link in mail.page.iter("a"))
            if not slug.startswith("hostile-"):
                assert not re.search(r"</?[a-z]+[ >/]|&[a-z]+;|&#\d+;|\{\{|\}\}|@media|px;", mail.text)
            assert not re.search(r"\n{3,}", mail.text.replace("\r\n", "\n"))


def test_every_link_leads_over_https_to_where_it_says_and_nobody_is_watched(post: Post) -> None:
    """Item 41: absolute https; addresses of articles as they are, no redirect of ours, no counting picture."""
    for slug, mails in post.mails.items():
        theirs = {clean_url(each.url) for each in post.articles[slug]}
        theirs |= {clean_url(link.url) for each in post.articles[slug] for link in each.related}
        pictures = {clean_url(each.image.url) for each in post.articles[slug] if each.image}
        for mail in mails:
            for link in mail.page.iter("a"):
                url = link.get("href")
                assert url.startswith("https://")
                assert url in theirs or re.fullmatch(rf"{BASE}(/[upv]/[\w-]{{32}}(?:/more)?|/articles/\d+)?", url), url
            assert {image.get("src") for image in mail.page.iter("img")} <= pictures
            assert (
                "evil.example.net"
                not in " ".join(
                    filter(None, (each.get("href") or each.get("src") for each in mail.page.iter("a", "img")))
                )
                or slug == "hostile-urls"
            )


def test_an_address_that_leads_astray_is_no_link(post: Post) -> None:
    """Item 41: such an article is read on a page of ours; a related entry is told as words."""
    mail = post.one("hostile-urls")
    links = [link.get("href") for link in mail.page.iter("a")]

    assert not [url for url in links if re.search(r"evil|secret|javascript|data:|etc/passwd|@", url)]
    assert len([url for url in links if url.startswith(f"{BASE}/articles/")]) >= 2 * 15


def test_every_disclaimer_travels_with_its_article(post: Post) -> None:
    """Item 42: as many as flagged articles, inside the card, after the summary, in the article's own language."""
    for slug, mails in post.mails.items():
        for mail in mails:
            flagged = {title_of(each): each for each in shown(post, slug, mail) if each.disclaimer}
            found = [cell for cell in mail.page.iter("td") if "notice" in (cell.get("class") or "").split()]
            assert len(found) == len(flagged)
            for card in cards(mail):
                title = card.findtext(".//h2") or card.find(".//h2").text_content()
                each = flagged.get(title)
                if each is None:
                    continue
                (notice,) = [cell for cell in card.iter("td") if "notice" in (cell.get("class") or "").split()]
                assert own_text(notice) == clean_text(each.disclaimer)
                assert notice.get("lang") == (each.language or mail.page.get("lang"))
                words = card.text_content()
                summary, said = words.index(clean_text(each.deck)), words.rindex(own_text(notice))
                assert summary < said


def test_a_disclaimer_stands_beside_its_article_in_the_text_part_too(post: Post) -> None:
    """Item 42: after the title, before the address, as often as in HTML."""
    for slug in ("ascii", "japanese", "arabic", "mixed"):
        for mail in post.mails[slug]:
            flat = squeezed(mail.text)
            for notice in NOTICES.values():
                flagged = [each for each in post.articles[slug] if each.disclaimer == notice]
                assert flat.count(squeezed(notice)) == len(flagged)
                for each in flagged:
                    start = flat.index(squeezed(title_of(each)))
                    assert start < flat.index(squeezed(notice), start) < flat.index(each.url, start)

"""A message as bytes: what every mail program and server will see of it."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

import pytest
from lxml import html as lxml_html

from digest.errors import BadInput, NotFound
from digest.model.article import Article, StoredArticle
from digest.rendering.headers import ConstantHeaders
from digest.rendering.layout import Layout
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.splice import Splicer
from digest.rendering.views import CardView, card_view, related_view, slot_widths

TOKEN_LINK = "https://news.example.net/u/"
LONG_URL = "https://example.org/" + "x" * 230
TITLES = {
    "en": "Ports open again",
    "ja": "港が再び開く。貿易の新しい日",
    "ar": "الموانئ تفتح من جديد",
    "ko": "항구가 다시 열린다",
    "emoji": "👩‍🚀 Up, up & away 🚀",
    "hostile": "</h2><script>x</script> =?utf-8?q?a=0ABcc=3A_x?=\u2028.\r\n.\r\n--=_digest_",
}
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Archive",
    "Feedback-ID",
    "Auto-Submitted",
    "Precedence",
    "X-Auto-Response-Suppress",
    "Content-Type",
]
NAMES = [
    "Anna",
    "",
    "سلمى",
    "👩‍🚀",
    "</span><script>alert(1)</script>",
    "\u202eevil\u202c",
    "N" * 200,
    "a=b. ",
    "ア" * 90,
]


def cards(title: str, language: str, count: int = 3) -> list[CardView]:
    return [
        CardView(
            title=title,
            url=f"{LONG_URL}{n}",
            topic=title,
            summary=f"{title}. " * 6,
            disclaimer=f"AI: {title}",
            language=language,
            heading_id=f"a{n}",
        )
        for n in range(count)
    ]


@pytest.fixture(params=TITLES, ids=str)
def message(request, desk, reader) -> bytes:
    locale = request.param if len(request.param) == 2 else "en"
    return desk(locale).splicer(cards(TITLES[request.param], locale)).splice(reader())


def test_only_crlf_ends_a_line_and_no_line_is_long(message: bytes) -> None:
    """RFC 5321 §2.3.8 and 5322 §2.1.1; body lines keep to 76 (RFC 2045)."""
    head, body = message.split(b"\r\n\r\n", 1)

    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", message)
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert all(len(line) <= 78 or b"https://" in line for line in head.split(b"\r\n"))
    assert message.isascii()
    assert len(head) < 16_384


def test_text_comes_first_and_html_last_and_both_decode(message: bytes) -> None:
    """Parsed without a defect, strictly UTF-8, nothing replaced."""
    parsed = message_from_bytes(message, policy=policy.default)
    parts = list(parsed.iter_parts())

    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert not parsed.defects
    assert not any(part.defects for part in parts)
    assert all("\ufffd" not in part.get_payload(decode=True).decode("utf-8", "strict") for part in parts)
    assert all(part.get_content_charset() == "utf-8" for part in parts)


def test_every_header_is_there_once_and_in_order(message: bytes) -> None:
    """No title can add one."""
    parsed = message_from_bytes(message, policy=policy.compat32)

    assert parsed.keys() == HEADERS
    assert parsed["To"] == "anna@example.org"


def test_the_unsubscribe_header_is_literal_for_a_very_long_address(desk, reader) -> None:
    """RFC 8058 §3.1: one https URI, first; never folded inside, never encoded."""
    anna = reader(unsubscribe_url=LONG_URL)

    message = desk().splicer(cards("Ports", "en")).splice(anna)

    assert f"List-Unsubscribe: <{LONG_URL}>,\r\n <mailto:leave@news.example.net>\r\n".encode() in message


def test_a_reader_gets_their_own_mailto_when_there_is_one(desk, reader) -> None:
    """It takes the place of the newsletter's."""
    message = desk().splicer(cards("Ports", "en")).splice(reader(mailto="mailto:leave+t1@example.net"))

    assert b" <mailto:leave+t1@example.net>\r\n" in message
    assert b"leave@news" not in message


def test_the_date_is_the_time_of_submission(desk, reader) -> None:
    """With a numeric zone; a time without a zone is refused."""
    anna = reader()
    splicer = desk().splicer(cards("Ports", "en"))

    parsed = message_from_bytes(splicer.splice(anna), policy=policy.compat32)

    assert parsedate_to_datetime(parsed["Date"]) == anna.date
    with pytest.raises(BadInput, match="zone"):
        splicer.splice(anna._replace(date=anna.date.replace(tzinfo=None)))


@pytest.mark.parametrize(
    "change",
    [
        {"message_id": "<a@example.org>\r\nBcc: x@example.org"},
        {"message_id": "a"},
        {"unsubscribe_url": "http://example.org/u"},
        {"unsubscribe_url": "https://example.org/u>\r\nX: y"},
        {"mailto": "mailto:a@example.org>\r\nX: y"},
        {"address": "a@example.org\r\nBcc: x@example.org"},
        {"view_url": "javascript:alert(1)"},
        {"preferences_url": "https://example.org/\nx"},
    ],
    ids=str,
)
def test_values_that_would_break_a_message_are_refused(desk, reader, change: dict[str, str]) -> None:
    """Nothing is sent for this reader."""
    splicer = desk().splicer(cards("Ports", "en"))

    with pytest.raises(BadInput):
        splicer.splice(reader(**change))


@pytest.mark.parametrize("locale", ["en", "ja"])
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_reader_of_any_name_gets_a_whole_message(desk, reader, name: str, locale: str) -> None:
    """The name is text, in both parts, whatever it looks like."""
    splicer = desk(locale).splicer(cards(TITLES[locale], locale))
    message = splicer.splice(reader(name=name))
    parts = list(message_from_bytes(message, policy=policy.default).iter_parts())
    document = lxml_html.document_fromstring(parts[1].get_content())
    shown = name.strip("\u202e\u202c ").replace("\u202c", "") or "dear reader & friend"

    assert not document.xpath("//script")
    assert shown in document.text_content()
    assert shown in parts[0].get_content()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", message)
    assert all(len(line) <= 76 for line in message.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))
    assert parts[1].get_content().replace("\r\n", "\n") == splicer.html(reader(name=name))


def test_the_same_bytes_come_out_of_the_stored_layout(desk, reader) -> None:
    """A second attempt, or the page for the browser, after an upgrade of the template."""
    for locale in ("en", "ja"):
        first = desk(locale)
        composed = first.compose(cards(TITLES[locale], locale))
        headers = first.headers(composed)
        message = Splicer(composed.layout, composed.pieces, headers).splice(reader())

        layout = Layout.from_json(composed.layout.to_json())
        again = Splicer(layout, dict(composed.pieces), ConstantHeaders.from_json(headers.to_json()))

        assert layout == composed.layout
        assert layout.hashes == set(composed.pieces)
        assert again.splice(reader()) == message


def test_a_lost_piece_is_named(desk) -> None:
    """Never a mail with a gap."""
    composed = desk().compose(cards("Ports", "en"))

    with pytest.raises(NotFound, match="plan the delivery anew"):
        Splicer(composed.layout, {}, desk().headers(composed))


@pytest.mark.parametrize("text", ["{}", "nonsense", '{"v":1}', '{"v":9}', "[]"])
def test_what_is_no_layout_is_refused(text: str) -> None:
    """In one line, not in a traceback."""
    with pytest.raises(BadInput):
        Layout.from_json(text)


def test_japanese_text_is_sent_in_base64_of_whole_lines(desk, reader) -> None:
    """The shorter encoding is chosen for each part."""
    composed = desk("ja").compose(cards(TITLES["ja"], "ja"))

    assert composed.layout.text.transfer == "base64"
    assert desk("en").compose(cards("Ports", "en")).layout.text.transfer == "quoted-printable"
    for name, piece in composed.pieces.items():
        if name in composed.layout.text.items:
            assert len(base64.b64decode(piece, validate=False)) % 3 == 0


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_the_size_known_before_rendering_holds_for_the_largest_reader(desk, reader, locale: str) -> None:
    """No reader's HTML is larger than what planning reckoned with."""
    first = desk(locale)
    composed = first.compose(cards(TITLES[locale], locale))
    splicer = Splicer(composed.layout, composed.pieces, first.headers(composed))
    widths = slot_widths({"unsubscribe_url": 300, "preferences_url": 300, "view_url": 300})
    largest = reader(name="👍" * 200, unsubscribe_url=LONG_URL + "&" * 10)

    for anna in (largest, largest._replace(name='"' * 200), largest._replace(name="")):
        assert len(splicer.html(anna).replace("\n", "\r\n").encode()) <= composed.html_size(widths)


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_of_two_hundred_articles_whole_cards_give_way(desk, reader, locale: str) -> None:
    """The rest keeps its footer, its unsubscribe link and its disclaimers."""
    first = desk(locale)
    ids = first.press.add_cards(cards(TITLES[locale], locale, 200))
    why = "Because you follow Trade"
    choices = tuple(CardChoice(n, why, (related_view(TITLES[locale], LONG_URL, locale),)) for n in ids)
    parts = DigestParts(choices, "Monday", more="190 more")
    widths = slot_widths({"unsubscribe_url": 300, "preferences_url": 300, "view_url": 300})

    count = first.press.how_many_fit(parts, widths, 100_000)
    composed = first.press.compose(replace(parts, cards=choices[:count]))
    html = Splicer(composed.layout, composed.pieces, first.headers(composed)).html(reader())

    assert 10 < count < 200
    assert composed.html_size(widths) <= 100_000
    assert first.press.compose(replace(parts, cards=choices[: count + 3])).html_size(widths) > 100_000
    assert html.count('class="disclaimer"') == html.count("AI: ") == count
    assert "Exampleton" in html
    assert "190 more" in html
    assert reader().preferences_url in html


def test_the_text_part_holds_what_the_html_holds(desk, reader) -> None:
    """Every title, address, disclaimer, reason and the footer; no markup."""
    first = desk()
    ids = first.press.add_cards(cards("Ports & trade", "en"))
    choices = tuple(CardChoice(n, "Because of <ports>", (related_view("Rail & road", LONG_URL),)) for n in ids)
    composed = first.press.compose(DigestParts(choices, "Monday", "In brief", "3 more", "You follow Trade"))
    text = Splicer(composed.layout, composed.pieces, first.headers(composed)).text(reader())

    for said in ("AI: Ports & trade", f"{LONG_URL}0", "Because of <ports>", "Rail & road", "1 Example Road", "3 more"):
        assert said in text
    assert reader().unsubscribe_url in text
    assert "&amp;" not in text
    assert "\ufdd0" not in text


def test_a_reader_without_reasons_sees_no_gap(desk, reader) -> None:
    """A line that has nothing to say leaves with its empty lines."""
    text = desk().splicer(cards("Ports", "en", 2), preheader="").text(reader())

    assert "\n\n\n" not in text
    assert text.startswith("Example weekly - Monday\n")


def test_two_readers_differ_only_in_their_own_places(desk, reader) -> None:
    """And a name of one is never in the mail of the other."""
    splicer = desk().splicer(cards("Ports", "en"))

    one = splicer.splice(reader())
    other = splicer.splice(reader(name="Bo", address="bo@example.org", message_id="<2@news.example.net>"))

    assert b"Anna" in one
    assert b"anna@" in one
    assert b"Anna" not in other
    assert b"anna@" not in other
    assert splicer.splice(reader()) == one


def test_an_article_that_spells_our_marks_gets_no_slot(desk, reader) -> None:
    """Neither the links of a reader leak into it nor does it stop the digest."""
    title = "see https://slot.invalid/unsubscribe_url SLOT.invalid/x %EF%B7%90 \ufdd0s:address\ufdd1"
    stored = StoredArticle(
        1, 1, 1, Article(title=title, deck=title, url="https://slot.invalid/unsubscribe_url"), reader().date
    )
    plain = StoredArticle(1, 1, 1, Article(title="t", deck="t"), reader().date)

    mail = desk().splicer([card_view(stored, "en")])
    usual = desk().splicer([card_view(plain, "en")])

    assert mail.html(reader()).count(TOKEN_LINK) == usual.html(reader()).count(TOKEN_LINK)
    assert mail.text(reader()).count("anna@example.org") == usual.text(reader()).count("anna@example.org")

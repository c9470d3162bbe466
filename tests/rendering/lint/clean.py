"""Mails that are as they should be: of the shipped templates, and one that a test may spoil."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from functools import cache

from digest.rendering.headers import constant_headers
from digest.rendering.i18n import CATALOGUES
from digest.rendering.languages import weekday_date_text
from digest.rendering.lint.finding import Finding
from digest.rendering.lint.rules import lint
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Press
from digest.rendering.splice import ReaderValues, Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.views import CardView, Frame, ImageView, RelatedView
from digest.shipped import shipped_folder

NOW = datetime(2026, 11, 23, 6, 31, tzinfo=UTC)
MAILS = shipped_folder("templates") / "email"
TEMPLATES = sorted(
    folder.name for folder in MAILS.iterdir() if folder.is_dir() and not folder.name.startswith("letter-")
)
LETTERS = sorted(folder.name for folder in MAILS.iterdir() if folder.name.startswith("letter-"))
LOCALES = sorted(folder.name for folder in CATALOGUES.iterdir() if folder.is_dir())
LEAVE = f"https://news.example.org/u/{'Tk3' * 10}4A"
READER = ReaderValues(
    name="Mina Okafor",
    address="mina@example.net",
    unsubscribe_url=LEAVE,
    preferences_url=f"https://news.example.org/p/{'Pk3' * 10}4A",
    view_url=f"https://news.example.org/v/{'Vk3' * 10}4A",
    message_id="<s1q9yfwz0b@example.org>",
    date=datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
    mailto=f"mailto:courier@example.org?subject=unsubscribe%20{'Tk3' * 10}4A",
)
FRAME = Frame(
    name="The Quay Courier",
    sender_name="Quay Courier Press",
    sender_address="courier@example.org",
    list_id="courier.example.org",
    postal_lines=("7 Ropewalk Lane", "Port Example EX4 1AA"),
    description="Harbours, weather and trade",
    home_url="https://news.example.org",
    feedback_id="2026-11-23:courier:exampleorg",
)
CARDS = (
    CardView(
        title="Tide tables go back to paper",
        url="https://press.example.net/tides?a=1&b=2",
        topic="Weather",
        summary="Three ports have stopped trusting their screens and print the tides again. " * 4,
        summary_by="extract",
        disclaimer="This text was written by a machine and checked by nobody.",
        language="en",
        source="Example Wire",
        date="23 November 2026",
        image=ImageView("https://press.example.net/tides.jpg", 1600, 900, "A tide table nailed to a door"),
        heading_id="a1",
    ),
    CardView(
        title="الموانئ تعود إلى جداول المد الورقية",
        url="https://press.example.net/ar/tides",
        topic="Weather",
        summary="ثلاثة موانئ لم تعد تثق بالشاشات فعادت إلى طباعة جداول المد.",
        disclaimer="كُتب هذا النص آليًا ولم يراجعه أحد.",
        language="ar",
        heading_id="a2",
    ),
    CardView(title="港が再び開く", summary="明日の朝、港が再び開く。", language="ja", heading_id="a3"),
    CardView(title="A title and nothing else", heading_id="a4"),
)
NEIGHBOURS = (
    RelatedView("Who still prints almanacs", "https://press.example.net/almanacs", "en"),
    RelatedView("An almanac that nobody has put online", "", "en"),
)


@cache
def shipped(template: str, locale: str) -> bytes:
    """Return a mail of a shipped template, with every kind of part in it."""
    press = Press(TemplateSet.load(MAILS, template), FRAME, locale)
    choices = [
        CardChoice(card, "Because you like weather: tide", () if at else NEIGHBOURS)
        for at, card in enumerate(press.add_cards(CARDS))
    ]
    day = weekday_date_text(date(2026, 11, 23), locale)
    preheader = "Three ports print their tide tables again."
    composed = press.compose(DigestParts(tuple(choices), day, preheader, "2 more wait.", "You follow weather."))
    headers = constant_headers(FRAME, composed.subject, composed.layout.boundary)
    return Splicer(composed.layout, composed.pieces, headers).splice(READER)


@cache
def letter(template: str, locale: str) -> bytes:
    """Return a letter as a reader gets it who has asked for something on a page."""
    press = Press(TemplateSet.load(MAILS, template), FRAME, locale)
    composed = press.compose(DigestParts((), ""))
    headers = constant_headers(FRAME, composed.subject, composed.layout.boundary)
    return Splicer(composed.layout, composed.pieces, headers).splice(READER)


@cache
def parts() -> tuple[str, str, str]:
    """Return head, text and HTML of the English digest, with LF."""
    raw = shipped("digest", "en")
    parsed = message_from_bytes(raw, policy=policy.default)
    text, html = (part.get_content().replace("\r\n", "\n") for part in parsed.iter_parts())
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n", "\n")
    signature = (
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=d1; t=1795415400;\n"
        " h=from:to:subject:list-unsubscribe:list-unsubscribe-post:feedback-id:cfbl-address;\n bh=AAAA; b=AAAA\n"
    )
    return signature + head.partition("Content-Type:")[0], text, html


def same(text: str) -> str:
    return text


def mail(
    head: Callable[[str], str] = same, text: Callable[[str], str] = same, html: Callable[[str], str] = same
) -> bytes:
    """Return the English digest, signed, with what the arguments make of its head, text and HTML."""
    its_head, its_text, its_html = parts()
    section = head(its_head + "Content-Type: multipart/alternative; boundary=sep\n")
    made = [section.encode("utf-8", "surrogateescape")]
    for kind, body in (("plain", text(its_text)), ("html", html(its_html))):
        made.append(f"\n--sep\nContent-Type: text/{kind}; charset=utf-8\n".encode())
        made.append(b"Content-Transfer-Encoding: quoted-printable\n\n" + binascii.b2a_qp(body.encode()) + b"=\n")
    return b"".join([*made, b"\n--sep--\n"]).replace(b"\n", b"\r\n")


def found(raw: bytes) -> list[Finding]:
    """Return what lint says about *raw* a minute after it was dated."""
    return lint(raw, now=NOW)


def rules(raw: bytes, level: str = "") -> set[str]:
    """Return the rules that *raw* breaks, of one *level* or any."""
    return {each.rule for each in found(raw) if level in ("", each.remark.level.value)}

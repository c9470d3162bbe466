"""The acceptance checklist for messages, on bytes that went over a socket: lines, parts, headers (items 1-26).

Every kind of newsletter is sent once; each test then looks at all that was received.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email.header import decode_header
from email.utils import parsedate_to_datetime

from digest.pipeline.composing.links import Links
from digest.pipeline.delivering.messages import Messages, values_of
from digest.rendering.clean import clean_text
from digest.rendering.headers import constant_headers
from digest.rendering.subject_line import without_answer_marks
from digest.rendering.views import Frame
from digest.store.dispatching import find_row
from digest.store.engine import reading
from tests.house import House
from tests.journeys import hostile
from tests.journeys.post import Post, title_of
from tests.journeys.wire import COMMANDS, Received, Wire

BASE = "https://news.example.org"
FIELDS = [
    *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Id", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress"),
    "Content-Type",
]
ENCODED_WORD = re.compile(r"=\?([^?\s]+)\?([bqBQ])\?([^?\s]*)\?=")


def header_names(headers: object) -> list[str]:
    """Return the names of constant headers, in order, as a mail server counts them."""
    section = "".join(getattr(headers, name) for name in ("opening", "subject", "identity", "closing"))
    return [line.partition(":")[0] for line in section.split("\r\n") if line and not line.startswith(" ")]


def envelope_sender(mail: Received) -> str:
    return mail.mail[mail.mail.index("<") + 1 : mail.mail.index(">")]


# --- Bytes and MIME ---


def test_everybody_who_could_be_reached_got_a_mail(post: Post) -> None:
    """The set is what it claims to be: one refusal, everything else on the wire."""
    refused = post.house.rows("SELECT address, state FROM deliveries WHERE state <> 'sent'")

    assert refused == [("grüße@example.org", "refused")]
    assert len(post.all) >= 60
    assert all(post.mails.values())
    assert len(hostile.SNIPPETS) >= 60


def test_no_bare_line_end_and_no_nul_is_sent(post: Post) -> None:
    """Item 1: CR and LF only as a pair, no NUL (RFC 5321 §2.3.8)."""
    for mail in post.all:
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", mail.raw)


def test_no_line_is_longer_than_a_mail_server_must_take(post: Post) -> None:
    """Item 2: 998 bytes, headers 78 unless one unbreakable URL is longer (RFC 5322 §2.1.1)."""
    for mail in post.all:
        assert max(map(len, mail.content.split(b"\r\n"))) <= 998
        for line in mail.head.split(b"\r\n"):
            assert len(line) <= 78 or re.search(rb"<(https://|mailto:)\S+>", line), line


def test_what_arrives_is_what_was_made_whatever_begins_with_a_dot(post: Post) -> None:
    """Item 3: transparency is undone without loss (RFC 5321 §4.5.2)."""
    for mail in post.all:
        made = post.row_of(mail).content
        lines = mail.raw.removesuffix(b".\r\n").split(b"\r\n")
        assert mail.content == made
        assert not [line for line in lines if line.startswith(b".") and not line.startswith(b"..")]


def test_no_sequence_could_end_the_message_early(post: Post) -> None:
    """Item 4: one final dot, no line end in disguise, and nothing but commands between messages."""
    for mail in post.all:
        assert mail.raw.endswith(b"\r\n.\r\n")
        assert not re.search(rb"\r\n\.\r?\n|\n\.\r|\r\.|\r\r", mail.raw[:-5])
    assert {line.split(" ")[0] for line in post.said} <= set(COMMANDS)


def test_the_text_comes_first_and_the_html_last_and_nothing_else(post: Post) -> None:
    """Item 5: multipart/alternative of two (RFC 2046 §5.1.4)."""
    for mail in post.all:
        assert mail.parsed.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in mail.parsed.iter_parts()] == ["text/plain", "text/html"]
        assert mail.parsed.preamble in (None, "")
        assert mail.parsed.epilogue in (None, "")


def test_both_parts_are_utf8_without_a_replacement(post: Post) -> None:
    """Item 6: they decode strictly, say so, and hold no U+FFFD and no surrogate."""
    for mail in post.all:
        assert [part.get_content_charset() for part in mail.parsed.iter_parts()] == ["utf-8", "utf-8"]
        for text in (mail.text, mail.html):
            assert "\ufffd" not in text
            assert not re.search("[\ud800-\udfff]", text)
        assert '<meta charset="utf-8">' in mail.html


def test_no_8_bit_byte_is_sent_to_a_server_that_did_not_offer_it(post: Post) -> None:
    """Item 7: everything is ASCII; only an address that needs SMTPUTF8 is not, to a server that has it."""
    for mail in post.all:
        if "SMTPUTF8" in mail.mail.split():
            assert not mail.recipient.isascii()
            assert mail.body.isascii()
        else:
            assert mail.raw.isascii()


def test_encoded_lines_are_short(post: Post) -> None:
    """Item 8: base64 and quoted-printable lines have at most 76 characters (RFC 2045 §6.7-6.8)."""
    for mail in post.all:
        assert max(map(len, mail.body.split(b"\r\n"))) <= 76
        for part in mail.parsed.iter_parts():
            assert part["Content-Transfer-Encoding"] in ("quoted-printable", "base64")


def test_every_header_stands_there_once(post: Post) -> None:
    """Item 9: no field twice, none that was not meant."""
    for mail in post.all:
        names = [name for name, _ in mail.fields]
        assert Counter(names) == Counter(FIELDS)


def test_a_mail_is_from_one_sender_to_the_one_who_gets_it(post: Post) -> None:
    """Item 10: one From address, To is RCPT, no Bcc."""
    for mail in post.all:
        assert len(mail.parsed["From"].addresses) == 1
        assert mail.parsed["From"].addresses[0].addr_spec == envelope_sender(mail)
        assert mail.field("To") == mail.recipient
        assert "bcc" not in {name.lower() for name, _ in mail.fields}


def test_message_ids_are_one_to_a_message(post: Post) -> None:
    """Item 11: unique over 10,000 readers and over all that was sent; no address inside."""
    house = post.house
    (number,) = house.rows("SELECT d.id FROM deliveries d WHERE d.state = 'sent' LIMIT 1")
    with reading(house.engine) as connection:
        row = find_row(connection, number[0])
    assert row is not None
    sheet = Messages(house.installation).sheet(row.digest_id)
    many = {values_of(row._replace(subscriber_id=n), sheet).message_id for n in range(10_000)}
    again = {values_of(row._replace(plan_no=n), sheet).message_id for n in range(1, 100)}

    sent = [mail.field("Message-ID") for mail in post.all]

    assert len(many) == 10_000
    assert len(again) == 99
    assert len(set(sent)) == len(sent)
    for mail in post.all:
        assert re.fullmatch(r"<[A-Za-z0-9.=_+-]+@[A-Za-z0-9.-]+>", mail.field("Message-ID"))
        assert mail.recipient.partition("@")[0] not in mail.field("Message-ID")


def test_a_second_try_is_the_same_message(house: House) -> None:
    """Item 11: Message-ID, Date and every byte are the same after "come back later"."""
    house.reader("anna@example.org")
    house.article()
    house.move(hours=2)
    with Wire(at_dot=lambda recipient, number: "452 4.3.1 full" if number == 1 else "250 2.0.0 taken") as wire:
        house.send(wire)  # type: ignore[arg-type]  # any server with a port
        house.move(hours=1)
        house.dispatch(wire)  # type: ignore[arg-type]

    first, second = wire.received
    assert first.raw == second.raw


def test_the_date_is_now(post: Post) -> None:
    """Item 12: valid, with a numeric zone, within five minutes of the sending, not in the future."""
    now = post.house.clock.now()
    for mail in post.all:
        date = parsedate_to_datetime(mail.field("Date"))
        assert re.search(r" [+-]\d{4}$", mail.field("Date"))
        assert timedelta() <= now - date <= timedelta(minutes=5)


def test_encoded_words_are_short_whole_and_only_where_they_may_stand(post: Post) -> None:
    """Item 13: at most 75 characters, lines of 76, whole characters, in Subject and display names (RFC 2047 §2, §5)."""
    seen = 0
    for mail in post.all:
        for name, value in mail.fields:
            for word in ENCODED_WORD.finditer(value):
                seen += 1
                assert name in ("Subject", "From"), name
                assert len(word[0]) <= 75
                ((data, charset),) = decode_header(word[0])
                assert isinstance(data, bytes)
                assert data.decode(str(charset), "strict")
        for line in mail.head.split(b"\r\n"):
            assert b"=?" not in line or len(line) <= 76
        assert "=?" not in mail.parsed["From"].addresses[0].addr_spec
    assert seen >= 40


def test_the_unsubscribe_address_stands_literally_however_long_it_is(house: House) -> None:
    """Item 14: 250 characters, neither folded nor encoded."""
    base = f"{BASE}/{'n' * (250 - len(BASE) - 1 - len('/u/') - 32)}"
    house.installation = replace(house.installation, base_url=base)
    house.links = Links(base, house.installation.tokens)
    house.reader("anna@example.org")
    house.article()
    house.move(hours=2)
    with Wire() as wire:
        house.send(wire)  # type: ignore[arg-type]

    (mail,) = wire.received
    url = house.links.leave(house.subscription_id("anna@example.org"))
    assert len(url) == 250
    assert f"List-Unsubscribe: <{url}>,\r\n".encode() in mail.head
    assert url in mail.text
    assert url in {link.get("href") for link in mail.page.iter("a")}


def test_no_title_and_no_name_adds_or_changes_a_header(post: Post) -> None:
    """Item 15: a thousand hostile titles and names; the names and the number of fields stay what they are."""
    frame = Frame("News", "The Press", "press@example.org", "daily.example.org", ("1 Example Street",))
    names = header_names(constant_headers(frame, "Subject", "b"))
    parts = [each[:40] for each in hostile.TITLES]
    thousand = [f"{one}{glue}{other}" for one in parts for other in parts for glue in ("", "\r\n")][:1_000]

    assert len(thousand) == 1_000
    for title in thousand:
        bent = replace(frame, name=title, sender_name=title)
        assert header_names(constant_headers(bent, title, "b")) == names
    for slug in ("hostile-titles", *(slug for slug in post.mails if slug.startswith("hostile-"))):
        for mail in post.mails[slug]:
            assert [name for name, _ in mail.fields] == FIELDS


def test_an_international_domain_goes_out_as_a_labels(post: Post) -> None:
    """Item 16: in RCPT and To alike (RFC 5891)."""
    mail = post.one("idn")

    assert mail.recipient == "anna@xn--bcher-kva.example.org"
    assert "SMTPUTF8" not in mail.mail
    assert "anna@bücher.example.org" in mail.text


def test_an_international_mailbox_needs_a_server_that_takes_it(post: Post) -> None:
    """Item 16: SMTPUTF8 when it is offered; else that reader alone is refused, with 5.6.7 (RFC 6531 §3.2-3.5)."""
    taken = post.one("utf8-taken")
    attempts = post.house.rows(
        "SELECT a.outcome, a.reply_code, a.enhanced, a.server FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
        " WHERE d.address = 'grüße@example.org'"
    )

    assert taken.mail.split()[-1] == "SMTPUTF8"
    assert taken.recipient == taken.field("To") == "grüße@xn--bcher-kva.example.org"
    assert [tuple(each) for each in attempts] == [("refused", 0, "5.6.7", "")]
    assert [mail.recipient for mail in post.mails["utf8-refused"]] == ["plain@example.org"]


def test_the_header_section_is_small(post: Post) -> None:
    """Item 17: 16 KB in all, 2 KB for any field."""
    for mail in post.all:
        assert len(mail.head) <= 16_384
        assert max(len(value) for _, value in mail.fields) <= 2_048


def test_a_hostile_title_is_the_subject_of_its_mail_and_nothing_more(post: Post) -> None:
    """Items 13 and 15: each of them over the wire, as the words it is made of."""
    mails = post.mails["hostile-titles"]
    titles = {without_answer_marks(title_of(each)) for each in post.articles["hostile-titles"]}

    assert len(mails) == len(post.articles["hostile-titles"])
    for mail in mails:
        subject = mail.parsed["Subject"]
        assert any(title.startswith(subject.removesuffix("…")) for title in titles), subject
        assert 1 <= len(subject) <= 70


def test_a_mail_is_parsed_without_a_defect_into_what_was_meant(post: Post) -> None:
    """Item 18: no defect in any part; subject and both parts are those of the stored digest."""
    for mail in post.all:
        made = post.row_of(mail)
        defects = [defect for part in mail.parsed.walk() for defect in part.defects]
        assert not defects
        # The standard library calls UTF-8 in To a defect, which is what SMTPUTF8 is for.
        defects = [name for name, value in mail.parsed.items() if getattr(value, "defects", ())]
        assert defects == ([] if mail.recipient.isascii() else ["To"])
        assert mail.parsed["Subject"] == clean_text(made.subject)
        assert mail.text.replace("\r\n", "\n") == made.text
        assert mail.html.replace("\r\n", "\n") == made.html


# --- Headers ---


def test_a_mail_program_finds_one_https_address_to_leave_by_and_one_mailbox(post: Post) -> None:
    """Item 19 (L1): the https address first, of this subscription and no other, under 300 characters."""
    house, seen = post.house, set()
    for mail in post.all:
        found = re.fullmatch(r"<(https://[^<>,\s]+)>, <(mailto:[^<>,\s]+)>", mail.field("List-Unsubscribe"))
        assert found
        assert len(found[1]) <= 300
        seen.add(found[1])
        assert found[1] in mail.text
    ids = [row[0] for row in house.rows("SELECT subscription_id FROM deliveries WHERE state = 'sent'")]
    assert seen == {house.links.leave(each) for each in ids}


def test_leaving_takes_one_click(post: Post) -> None:
    """Item 20 (L2): the field is exactly that of RFC 8058 §3.1."""
    for mail in post.all:
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mail.head


def test_a_list_keeps_its_name_from_issue_to_issue(house: House) -> None:
    """Item 24 (L11): List-Id is the same tomorrow, and its identifier is never encoded."""
    house.newsletter("daily", name="朝の便り")
    house.reader("anna@example.org")
    with Wire() as wire:
        for _ in range(2):
            house.article()
            house.move(days=1)
            house.send(wire)  # type: ignore[arg-type]

    first, second = (mail.field("List-Id") for mail in wire.received)
    assert first == second
    assert re.search(r"<[a-z0-9.-]+>$", first)
    assert "=?" not in first


def test_answering_machines_are_asked_to_be_silent(post: Post) -> None:
    """Item 25 (L13, L15): exact values, and nothing that would hide a bounce."""
    for mail in post.all:
        assert b"\r\nAuto-Submitted: auto-generated\r\n" in mail.head
        assert b"\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n" in mail.head


def test_a_feedback_id_names_the_issue_and_no_reader(post: Post) -> None:
    """Item 26 (L17): of Gmail's form, the same for everybody who gets the issue."""
    for slug, mails in post.mails.items():
        found = {mail.field("Feedback-ID") for mail in mails}
        assert len(found) == 1, slug
        assert re.fullmatch(r"[^:\s]+(:[^:\s]+){0,2}:[A-Za-z0-9_-]{5,15}", found.pop())

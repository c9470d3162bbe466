"""Rules M1-M5 and M10-M18: the header section (RFC 5322, 2047, 5321; what Gmail, Yahoo and Microsoft add)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import idna

from digest.rendering.headers import LARGEST_FIELD, LARGEST_SECTION, LINE, WORD
from digest.rendering.lint.charsets import ENCODED_WORD, plain, word_text
from digest.rendering.lint.finding import Place, Remark, error, quoted, warn
from digest.rendering.lint.letter import Field, Letter
from digest.rendering.lint.mailboxes import Mailbox, mailboxes
from digest.rendering.lint.scripts import mixed_scripts
from digest.rendering.lint.wording import is_no_reply
from digest.rendering.subject_line import answer_mark

_NEEDED = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")
_ONCE = (
    *_NEEDED,
    "Reply-To",
    "Sender",
    "Cc",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
)
_FREE_TEXT = frozenset({"subject", "comments", "keywords", "content-description", "thread-topic", "organization"})
_WITH_NAMES = frozenset({"from", "to", "cc", "reply-to", "sender", "resent-from", "resent-to", "bcc"})
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@(?:[A-Za-z0-9.-]{1,253}|\[[^\]\s]{1,60}\])>")
_DATE = re.compile(
    r"(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s+)?(\d{1,2})\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+(\d{4})\s+"
    r"(\d{2}):(\d{2})(?::(\d{2}))?\s+([+-])(\d{2})(\d{2})(?:\s+\([^()]{0,40}\))?"
)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 - as RFC 5322 lists them
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()  # noqa: SIM905
_STEERING = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_TELL_TALE = frozenset(
    {"x-mailer", "user-agent", "x-originating-ip", "x-php-script", "x-php-originating-script", "x-sender-ip"}
)
_BADGE = re.compile("[\u2705\u2714\u2611\u2713\u2b50\u2757\u26a0\U0001f300-\U0001faff]")
_LATE = timedelta(minutes=5)
_TO_FIX = "make the header anew; most mail servers refuse it as it is"


def at(field: Field) -> Place:
    """Return the place of *field*."""
    return Place(header=field.name, line=field.line)


def each_header_once(letter: Letter) -> Iterator[Remark]:
    """M1: one each of the fields that RFC 5322 §3.6 allows once, and all that a mail needs."""
    for name in _NEEDED:
        if not letter.all(name):
            yield error(f"there is no {name}", f"add one {name} header", Place(header=name))
    for name in _ONCE:
        for extra in letter.all(name)[1:]:
            yield error(
                f"{name} stands there more than once", "leave one of them; Gmail and Yahoo refuse such mail", at(extra)
            )


def one_sender(letter: Letter) -> Iterator[Remark]:
    """M2: From has one address; Gmail refuses several."""
    for field in letter.all("From")[:1]:
        found = mailboxes(field.text)
        if len(found) > 1:
            yield error(f"From has {len(found)} addresses", "name one; the others may go into Reply-To", at(field))
        for each in found[:1]:
            if not each.is_whole:
                yield error(f"From has no address that can be read: {quoted(each.address)}", _TO_FIX, at(field))
        if not found:
            yield error("From is empty", "name the sender", at(field))


def one_recipient(letter: Letter) -> Iterator[Remark]:
    """M3: To is the one who gets it; nobody learns of other readers."""
    for field in letter.all("To"):
        found = mailboxes(field.text)
        if len(found) != 1:
            who = f"{len(found)} addresses" if found else "no address"
            yield error(f"To has {who}", "send each reader a mail of their own, with their address in To", at(field))
        elif not found[0].is_whole:
            yield error(f"To has no address that can be read: {quoted(found[0].address)}", _TO_FIX, at(field))
    for name in ("Cc", "Resent-To", "Resent-Cc"):
        for field in letter.all(name):
            yield error(f"{name} names others who get it", "send each reader a mail of their own", at(field))


def message_id(letter: Letter) -> Iterator[Remark]:
    """M4: a Message-ID of our own domain, without the reader's address in it (RFC 5322 §3.6.4)."""
    for field in letter.all("Message-ID")[:1]:
        value = field.text
        if not _MESSAGE_ID.fullmatch(value):
            yield error(f"Message-ID is not <unique@domain>: {quoted(value)}", "make one of that form", at(field))
            continue
        left, _, right = value.strip("<>").lower().rpartition("@")
        for reader in mailboxes(letter.value("To"))[:1]:
            local = reader.local.lower()
            if reader.domain and ((len(local) > 3 and local in left) or f"{local}={reader.domain}" in left):
                yield error("Message-ID holds the reader's address", "make it of an id that tells nothing", at(field))
        for sender in mailboxes(letter.value("From"))[:1]:
            if sender.is_whole and not related(right, sender.domain):
                yield warn(
                    f"Message-ID is of {right}, the mail from {sender.domain}",
                    "make it with the sender's domain, so that nobody else can make the same",
                    at(field),
                )


def date(letter: Letter) -> Iterator[Remark]:
    """M5: a valid Date with a numeric zone, not in the future (RFC 5322 §3.3)."""
    for field in letter.all("Date")[:1]:
        when = _moment(field.text[:200])
        if when is None:
            how = 'write it like "Mon, 23 Nov 2026 07:00:00 +0000"'
            yield error(f"Date cannot be read as RFC 5322 writes it: {quoted(field.text)}", how, at(field))
            continue
        day = field.text[:3]
        if day in _DAYS and day != _DAYS[when.weekday()]:
            yield error(f"Date says {day}, but that day is a {_DAYS[when.weekday()]}", "correct the day", at(field))
        if when - letter.now > _LATE:
            yield error("Date is in the future", "date a mail when it is sent, and set the clock right", at(field))


def encoded_words(letter: Letter) -> Iterator[Remark]:
    """M10: RFC 2047 words are short, whole and only in free text and display names."""
    for field in letter.fields:
        for word in list(ENCODED_WORD.finditer(field.text[:20_000]))[:50]:
            if len(word[0]) > WORD:
                yield error(
                    f"an encoded word has {len(word[0])} characters", f"split it: {WORD} is the most", at(field)
                )
            if word_text(word) is None:
                yield error(
                    f"an encoded word cannot be read: {quoted(word[0])}",
                    "encode whole characters in each word, with a charset that exists (UTF-8)",
                    at(field),
                )
        yield from _misplaced_words(field)
        if not field.raw.isascii() and field.key not in _WITH_NAMES:
            yield error(f"{field.name} has bytes that are not ASCII", "encode free text (RFC 2047)", at(field))
        rows = f"{field.name}:".encode() + field.raw
        if any(len(row) > LINE and ENCODED_WORD.search(row[:2_000].decode("latin-1")) for row in rows.split(b"\n")):
            yield error("a line with encoded words is too long", f"fold it at {LINE} characters", at(field))


def no_injection(letter: Letter) -> Iterator[Remark]:
    """M11: no value brings a line end or another character that begins a header (CVE-2024-6923)."""
    for line in letter.stray_lines[:10]:
        yield error(
            "a line between the headers is no header",
            "find the value that brought a line end into them; an empty line ends the headers",
            Place(line=line),
        )
    for field in letter.fields:
        raw = field.raw.decode("utf-8", "replace").replace("\n", "")
        said = "".join(word_text(each) or "" for each in ENCODED_WORD.finditer(field.text[:20_000]))
        for text, how in ((raw, "holds"), (said, "holds, encoded,")):
            if found := _STEERING.search(text):
                name = f"U+{ord(found[0]):04X}"
                yield error(f"{field.name} {how} the control character {name}", "put a space in its place", at(field))


def display_name(letter: Letter) -> Iterator[Remark]:
    """M12: the sender's name is quoted or encoded, and is the sender's name."""
    for field in letter.all("From")[:1]:
        for sender in mailboxes(field.text)[:1]:
            if not sender.is_phrase_right:
                yield error(
                    f"the name in From needs quotes: {quoted(sender.phrase)}", 'write "Name" <address>', at(field)
                )
            yield from _odd_name(letter, sender, at(field))
    for name in ("To", "Reply-To", "Sender"):
        for field in letter.all(name)[:1]:
            if any(not each.is_phrase_right for each in mailboxes(field.text)):
                yield error(f"a name in {name} needs quotes", 'write "Name" <address>', at(field))


def domains(letter: Letter) -> Iterator[Remark]:
    """M13: domains as A-labels, and none that only looks like another (RFC 5891; UTS #39 §5.2)."""
    for name in ("From", "To", "Reply-To", "Sender"):
        for field in letter.all(name)[:1]:
            for each in mailboxes(field.text)[:10]:
                if not each.domain.isascii():
                    how = f"write {ascii_domain(each.domain) or 'its A-labels (xn--…)'}"
                    yield error(f"{name} has the domain {quoted(each.domain)} in its own script", how, at(field))
                yield from odd_domain(each.domain, at(field))
    for href, _, line in letter.page.links:
        yield from odd_domain(host_of(href), Place(part="html", line=line))


def odd_domain(domain: str, place: Place) -> Iterator[Remark]:
    """Give a remark on a domain whose A-labels are wrong, or that mixes scripts to look like another."""
    labels = domain.split(".")[:10] if len(domain) <= 255 else []
    for label in labels:
        shown = label
        if label.startswith("xn--"):
            try:
                shown = idna.decode(label)
            except (idna.IDNAError, UnicodeError):
                yield error(f"{quoted(label)} is no valid A-label (IDNA 2008)", "encode the name anew", place)
                continue
        if mixed := mixed_scripts(shown):
            yield error(
                f"the domain {quoted(domain)} mixes {mixed}, and may look like another",
                "use a name in one script; providers mark such mail as phishing",
                place,
            )


def international_mailbox(letter: Letter) -> Iterator[Remark]:
    """M14: letters outside ASCII before the @ need servers with SMTPUTF8 all the way (RFC 6531)."""
    for name in ("From", "To", "Reply-To", "Sender"):
        for field in letter.all(name)[:1]:
            for each in mailboxes(field.text)[:10]:
                if not each.local.isascii():
                    yield warn(
                        f"{name} has letters outside ASCII before the @",
                        "see that your mail server offers SMTPUTF8; without it this mail cannot be sent"
                        if name == "To"
                        else "use an ASCII address; many servers refuse others",
                        at(field),
                    )


def subject(letter: Letter) -> Iterator[Remark]:
    """M15: a Subject that says what it is, and can be read as a whole in a list of mails."""
    for field in letter.all("Subject")[:1]:
        said = plain(field.text[:20_000]).strip()
        if not said:
            yield error("Subject is empty", "say what is in the mail", at(field))
        if mark := answer_mark(said):
            yield error(f"Subject begins with {quoted(mark)}, but this answers nothing", "leave it out", at(field))
        if len(said) > 70:
            yield warn(f"Subject has {len(said)} characters", "keep to about 70; mail programs cut the rest", at(field))
        letters = [each for each in said if each.isalpha()]
        if len(letters) > 12 and all(each.isupper() for each in letters):
            yield warn("Subject is in capitals", "write it as a sentence; filters count against shouting", at(field))


def small_head(letter: Letter) -> Iterator[Remark]:
    """M16: headers of 16 KB at most, and 2 KB for any of them (Gmail 552-5.3.4)."""
    size = len(letter.head) + letter.head.count(b"\n")
    if size > LARGEST_SECTION:
        yield error(f"the headers have {size} bytes", f"keep them under {LARGEST_SECTION}; Gmail refuses large ones")
    for field in letter.fields:
        if len(field.raw) > LARGEST_FIELD:
            yield error(f"{field.name} has {len(field.raw)} bytes", f"keep it under {LARGEST_FIELD}", at(field))
        if any(len(row) > 998 for row in field.raw.split(b"\n")):
            yield error(f"{field.name} has a line of more than 998 characters", "fold it (RFC 5322 §2.1.1)", at(field))


def no_traces(letter: Letter) -> Iterator[Remark]:
    """M17: nothing that servers add or that tells on our machines."""
    is_copy = any(each.key == "received" for each in letter.fields)
    for field in letter.fields:
        if field.key == "bcc":
            yield error("there is a Bcc, which everybody can read", "leave it out", at(field))
        elif field.key == "return-path" and not is_copy:
            yield error("there is a Return-Path", "leave it out: the last server writes it (RFC 5321 §4.4)", at(field))
        elif field.key in _TELL_TALE and (field.key not in ("x-mailer", "user-agent") or re.search(r"\d", field.text)):
            yield error(f"{field.name} tells which program or machine made this", "leave it out", at(field))
    if is_copy:
        field = letter.all("Received")[0]
        how = "no matter in a copy that was received; leave it out of what you send"
        yield warn("there is a Received header, which only servers write", how, at(field))


def can_be_answered(letter: Letter) -> Iterator[Remark]:
    """M18: From and Reply-To can receive replies."""
    field = letter.first("Reply-To") or letter.first("From")
    if field is None:
        return
    for each in mailboxes(field.text)[:1]:
        if is_no_reply(each.local):
            how = "use a mailbox that somebody reads, or name one in Reply-To; Microsoft asks for it"
            yield warn(f"{field.name} is {quoted(each.address)}, where nobody reads", how, at(field))


def related(one: str, other: str) -> bool:
    """Whether two domains are the same, or one stands above the other, or both under one of two labels or more."""
    if one == other or one.endswith("." + other) or other.endswith("." + one):
        return True
    mine, theirs = one.split("."), other.split(".")
    return len(mine) > 2 and len(theirs) > 2 and mine[1:] == theirs[1:]


def host_of(url: str) -> str:
    """Return the host of an http address in small letters, "" for any other."""
    found = re.match(r"(?i)https?://(?:[^/?#@]{0,500}@)?(\[[^\]]{0,60}\]|[^/?#:]{0,300})", url)
    return found[1].lower() if found else ""


def ascii_domain(domain: str) -> str:
    """Return a domain as A-labels (IDNA 2008), "" when it has none."""
    try:
        return idna.encode(domain[:255], uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""


def _moment(text: str) -> datetime | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found[9]), minutes=int(found[10])) * (1 if found[8] == "+" else -1)
    try:
        zone = timezone(offset)
        return datetime(
            int(found[4]), _MONTHS.index(found[3]) + 1, int(found[2]), int(found[5]), int(found[6]),
            min(59, int(found[7] or 0)), tzinfo=zone,
        )  # fmt: skip
    except (ValueError, OverflowError):
        return None


def _misplaced_words(field: Field) -> Iterator[Remark]:
    text = field.text[:20_000]
    if not ENCODED_WORD.search(text):
        return
    if field.key in _WITH_NAMES:
        if any(ENCODED_WORD.search(each.address) for each in mailboxes(text)):
            yield error(f"{field.name} has an encoded word in an address", "write the address literally", at(field))
        if re.search(r'"[^"]*=\?[^"]*\?="', text[:4_000]):
            yield error(
                f"{field.name} has an encoded word in quotes", "take the quotes away: it is not read", at(field)
            )
    elif field.key not in _FREE_TEXT and not field.key.startswith("x-"):
        how = "write it literally (for a file name: RFC 2231); Gmail refuses encoded words here"
        yield error(f"{field.name} has an encoded word", how, at(field))


def _odd_name(letter: Letter, sender: Mailbox, place: Place) -> Iterator[Remark]:
    name = sender.name
    if not name:
        return
    if _BADGE.search(name):
        yield warn("the sender's name has an emoji", "leave it out; Gmail asks for the name and nothing more", place)
    if len(name) > 3 and name.casefold() == plain(letter.value("Subject")).strip().casefold():
        yield warn("the sender's name is the subject", "name who sends it", place)
    for reader in mailboxes(letter.value("To"))[:1]:
        if name.casefold() in {reader.name.casefold(), reader.address.casefold()}:
            yield warn("the sender's name is the reader's", "name who sends it", place)
    if "@" in name and sender.address.lower() not in unicodedata.normalize("NFKC", name).lower():
        yield error("the sender's name is another address", "name who sends it; filters take this for fraud", place)

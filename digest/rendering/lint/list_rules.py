"""Rules L1-L19: what a list says of itself, and how one leaves it (RFC 2369, 2919, 3834, 8058; Gmail, Yahoo)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from digest.rendering.lint.finding import Place, Remark, error, quoted, warn
from digest.rendering.lint.header_rules import at, host_of, related
from digest.rendering.lint.letter import Field, Letter
from digest.rendering.lint.mailboxes import mailboxes
from digest.rendering.lint.wording import says_change, says_leave

_URIS = re.compile(r"<([^<>]{0,4000})>")
_LIST_ID = re.compile(r"<[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+>")
_FEEDBACK_ID = re.compile(r"[^:\s]+(:[^:\s]+){0,2}:[A-Za-z0-9_-]{5,15}")
_MAILTO = re.compile(r"mailto:[^\s@?<>]{1,64}@[A-Za-z0-9.-]{1,253}(?:\?[^\s<>]*)?", re.IGNORECASE)
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_FIELD = "List-Unsubscribe"
_LATEST = 90_000  # bytes of HTML; what comes later may be clipped
_LONGEST = 300
_ONE_CLICK = "List-Unsubscribe=One-Click"


def way_out(letter: Letter) -> str:
    """Return the https address of List-Unsubscribe, "" where there is none."""
    uris = _URIS.findall(letter.value(_FIELD))
    return next((each.strip() for each in uris if each.strip().lower().startswith("https:")), "")


def unsubscribe(letter: Letter) -> Iterator[Remark]:
    """L1: List-Unsubscribe with one https address, first, and a mailbox second."""
    field = letter.first(_FIELD)
    if field is None:
        how = "add List-Unsubscribe: <https://…>, <mailto:…>; Gmail and Yahoo ask for it"
        yield error("there is no List-Unsubscribe", how, Place(header=_FIELD))
        return
    uris = _URIS.findall(field.text)
    kinds = [each.partition(":")[0].strip().lower() for each in uris]
    if not uris or _URIS.sub("", field.text).strip(" ,\t"):
        yield error(f"List-Unsubscribe is not <address>, <address>: {quoted(field.text)}", "write it so", at(field))
    if kinds.count("https") != 1:
        how = "name one https address; one click needs it (RFC 8058 §3.1)"
        yield error(f"List-Unsubscribe has {kinds.count('https') or 'no'} https addresses", how, at(field))
    elif kinds[0] != "https":
        yield error("the https address of List-Unsubscribe is not the first", "put it first", at(field))
    if "http" in kinds:
        yield error("List-Unsubscribe has an address without TLS", "use https", at(field))
    if "mailto" not in kinds:
        yield warn(
            "List-Unsubscribe has no mailto: address", "add one, second, for programs that only know mail", at(field)
        )
    for uri in uris:
        if re.search(r"\s", uri):
            yield error("an address in List-Unsubscribe has a blank or a fold in it", "write it on one line", at(field))
        if len(uri) > _LONGEST:
            yield error(
                f"an address in List-Unsubscribe has {len(uri)} characters", f"keep it under {_LONGEST}", at(field)
            )


def one_click(letter: Letter) -> Iterator[Remark]:
    """L2: List-Unsubscribe-Post as RFC 8058 §3.1 has it, byte for byte."""
    found = letter.all("List-Unsubscribe-Post")
    how = f"write List-Unsubscribe-Post: {_ONE_CLICK}"
    if not found:
        yield error("there is no List-Unsubscribe-Post", how, Place(header="List-Unsubscribe-Post"))
    for field in found[:1]:
        if field.raw.strip(b" ") != _ONE_CLICK.encode():
            yield error(f"List-Unsubscribe-Post is {quoted(field.text)}", how, at(field))
    for extra in found[1:]:
        yield error("List-Unsubscribe-Post stands there twice", "leave one", at(extra))


def signed(letter: Letter) -> Iterator[Remark]:
    """L3: a DKIM signature covers both headers of the way out (RFC 8058 §4)."""
    found = letter.all("DKIM-Signature")
    if not found:
        how = "see that your mail server signs List-Unsubscribe and -Post, or let Digest sign (docs/dkim.md)"
        yield warn("no DKIM signature is in it yet", how, Place(header="DKIM-Signature"))
        return
    wanted = {"list-unsubscribe", "list-unsubscribe-post"}
    if not any(wanted <= signed_names(field) for field in found):
        how = "have List-Unsubscribe and List-Unsubscribe-Post in h="
        yield error("no DKIM signature covers the way out", how, at(found[0]))


def signed_names(field: Field) -> set[str]:
    """Return the names in h= of a DKIM-Signature, in small letters."""
    for tag in field.text[:20_000].split(";"):
        name, _, value = tag.partition("=")
        if name.strip().lower() == "h":
            return {each.strip().lower() for each in value.split(":")}
    return set()


def address_for_post(letter: Letter) -> Iterator[Remark]:
    """L4: the address takes a POST as it stands: no fragment, no login in it."""
    url, field = way_out(letter), letter.first(_FIELD)
    if not url or field is None:
        return
    if "#" in url:
        yield error("the address to leave by has a #fragment", "leave it out: it never reaches the server", at(field))
    if "@" in url.partition("//")[2].partition("/")[0]:
        yield error("the address to leave by has a login in it", "use a token in the path", at(field))


def token(letter: Letter) -> Iterator[Remark]:
    """L6: a token that nobody guesses, that tells nothing about the reader, and never expires."""
    url, field = way_out(letter), letter.first(_FIELD)
    if not url or field is None:
        return
    for reader in mailboxes(letter.value("To"))[:1]:
        if reader.is_whole and _holds(url, reader.address.lower()):
            yield error("the address to leave by holds the reader's", "use a token that tells nothing", at(field))
    longest = max(map(len, re.findall(r"[A-Za-z0-9_~-]+", _beyond_host(url))), default=0)
    if longest < 22:
        how = "use at least 128 bits: 22 characters of base64url, or 32 of hex"
        yield warn(f"the token to leave by has {longest} characters", how, at(field))
    if _expires(url):
        how = "let it work for good; the law asks for 60 days after the last mail, readers for longer"
        yield error("the token to leave by expires", how, at(field))


def visible_way_out(letter: Letter) -> Iterator[Remark]:
    """L9: a link to leave by in both bodies, before HTML is clipped."""
    url = way_out(letter)
    if letter.html:
        found = [(href, line) for href, words, line in letter.page.links if href == url or says_leave(words)]
        if not found:
            yield error("the HTML has no link to unsubscribe", "add one in the footer", Place(part="html"))
        elif (place := letter.html.find(found[0][0].replace("&", "&amp;"))) >= 0 and len(
            letter.html[:place].encode("utf-8", "replace")
        ) > _LATEST:
            how = "put one near the top too; Gmail clips the rest"
            yield error("the link to unsubscribe comes too late in the HTML", how, Place(part="html", line=found[0][1]))
    if letter.text and not (url and url in letter.text) and not says_leave(letter.text):
        yield error("the text part has no way to unsubscribe", "add the address in the footer", Place(part="text"))


def mailbox_out(letter: Letter) -> Iterator[Remark]:
    """L10: the mailbox to leave by is one, and the mail to it says who leaves."""
    field = letter.first(_FIELD)
    if field is None:
        return
    for uri in (each.strip() for each in _URIS.findall(field.text)):
        if not uri.lower().startswith("mailto:"):
            continue
        if not _MAILTO.fullmatch(uri):
            yield error(
                f"{quoted(uri)} is no mailto: address", "write mailto:leave@example.org?subject=TOKEN", at(field)
            )
        elif not re.search(r"[A-Za-z0-9_-]{16}", uri.replace("%20", " ").partition(":")[2].replace("@", " ")):
            how = "put the token into its subject; readers write from other addresses than they read at"
            yield warn("a mail to the mailbox to leave by does not say who leaves", how, at(field))


def list_id(letter: Letter) -> Iterator[Remark]:
    """L11: List-Id of a name that is ours (RFC 2919)."""
    field = letter.first("List-Id")
    if field is None:
        how = 'add List-Id: "Name" <list.example.org>; filters and readers sort by it'
        yield error("there is no List-Id", how, Place(header="List-Id"))
        return
    found = _LIST_ID.search(field.text[:2_000])
    if found is None or not field.text.endswith(found[0]):
        yield error(f"List-Id does not end with <name.domain>: {quoted(field.text)}", "write it so", at(field))
        return
    name = found[0].strip("<>").lower()
    for sender in mailboxes(letter.value("From"))[:1]:
        if sender.is_whole and not related(name.partition(".")[2], sender.domain) and not name.endswith(".localhost"):
            how = "use a name under a domain of yours, for good"
            yield warn(f"List-Id {quoted(name)} is not under the sender's domain", how, at(field))


def list_addresses(letter: Letter) -> Iterator[Remark]:
    """L12: List-Help, -Archive, -Owner, -Subscribe and -Post are addresses; nobody posts to a newsletter."""
    for name in ("List-Help", "List-Archive", "List-Owner", "List-Subscribe", "List-Post"):
        for field in letter.all(name):
            value = field.text.partition("(")[0].strip()
            if name == "List-Post" and value.upper() == "NO":
                continue
            uris = [each.strip() for each in _URIS.findall(field.text)]
            if not uris or any(not re.match(r"(?:https?://|mailto:)\S+\Z", each, re.IGNORECASE) for each in uris):
                yield error(f"{name} is not <address>: {quoted(field.text)}", "correct it, or leave it out", at(field))
            elif name == "List-Post":
                yield warn("List-Post invites readers to write to all", "write List-Post: NO", at(field))


def automatic(letter: Letter) -> Iterator[Remark]:
    """L13: Auto-Submitted: auto-generated (RFC 3834 §5)."""
    yield from _exactly(letter, "Auto-Submitted", "auto-generated", "so that no vacation program answers")


def bulk(letter: Letter) -> Iterator[Remark]:
    """L14: Precedence, where there is one, is bulk."""
    field = letter.first("Precedence")
    if field and field.text.lower() not in ("bulk", "list"):
        yield warn(f"Precedence is {quoted(field.text)}", "write bulk, or leave it out", at(field))


def no_answers(letter: Letter) -> Iterator[Remark]:
    """L15: X-Auto-Response-Suppress keeps Exchange from answering, and hides no bounce."""
    field = letter.first("X-Auto-Response-Suppress")
    how = "write X-Auto-Response-Suppress: OOF, AutoReply"
    if field is None:
        yield warn("there is no X-Auto-Response-Suppress", how, Place(header="X-Auto-Response-Suppress"))
        return
    words = {each.strip().lower() for each in field.text.split(",")}
    if words & {"all", "ndr", "dr"}:
        yield error(f"X-Auto-Response-Suppress: {quoted(field.text)} hides bounces", how, at(field))
    elif words != {"oof", "autoreply"}:
        yield warn(f"X-Auto-Response-Suppress is {quoted(field.text)}", how, at(field))


def feedback_id(letter: Letter) -> Iterator[Remark]:
    """L17: Feedback-ID of Gmail's form, one, the same for all readers, signed."""
    found = letter.all("Feedback-ID")
    if not found:
        how = "add Feedback-ID: campaign:list:account:sender; Gmail's Postmaster Tools count by it"
        yield warn("there is no Feedback-ID", how, Place(header="Feedback-ID"))
        return
    field = found[0]
    if len(found) > 1:
        yield error("Feedback-ID stands there more than once", "leave one", at(found[1]))
    if not _FEEDBACK_ID.fullmatch(field.text[:500]):
        how = "at most four fields with colons, the last one of 5 to 15 characters"
        yield error(f"Feedback-ID is not of Gmail's form: {quoted(field.text)}", how, at(field))
    for reader in mailboxes(letter.value("To"))[:1]:
        if reader.is_whole and _holds(field.text, reader.address.lower()):
            yield error("Feedback-ID names the reader", "use what all readers of the issue share", at(field))
    yield from _must_be_signed(letter, field)


def complaints_address(letter: Letter) -> Iterator[Remark]:
    """L18: CFBL-Address, where there is one, is an address and signed (RFC 9477)."""
    for field in letter.all("CFBL-Address")[:1]:
        address, _, report = field.text.partition(";")
        wrong_report = report.strip() and not re.fullmatch(r"report=(arf|xarf)", report.strip(), re.IGNORECASE)
        if not _ADDRESS.fullmatch(address.strip()) or wrong_report:
            how = "write CFBL-Address: fbl@example.org; report=arf"
            yield error(f"CFBL-Address cannot be read: {quoted(field.text)}", how, at(field))
        yield from _must_be_signed(letter, field)


def why_this_mail(letter: Letter) -> Iterator[Remark]:
    """L19: it says to whom it was sent and where one changes what comes."""
    if not letter.html and not letter.text:
        return
    url, host = way_out(letter), host_of(way_out(letter))
    if letter.html and not any(
        says_change(words) or (host and host_of(href) == host and says_change(href))
        for href, words, _ in letter.page.links
        if href != url
    ):
        yield warn(
            "the HTML has no link to preferences", "let readers choose less, not only nothing", Place(part="html")
        )
    for reader in mailboxes(letter.value("To"))[:1]:
        if not reader.is_whole:
            continue
        for name, words in (("html", letter.page.words if letter.html else None), ("text", letter.text or None)):
            if words is not None and _shown(f"{reader.local}@") not in _shown(words):
                how = "say to which address it was sent and why; readers with several forget"
                yield warn(f"the {name} part does not say to whom it was sent", how, Place(part=name))


def _shown(text: str) -> str:
    return "".join(text.split()).casefold()


def _exactly(letter: Letter, name: str, value: str, why: str) -> Iterator[Remark]:
    field = letter.first(name)
    if field is None:
        yield error(f"there is no {name}", f"write {name}: {value}, {why}", Place(header=name))
    elif field.raw.strip(b" ") != value.encode():
        yield error(f"{name} is {quoted(field.text)}", f"write {name}: {value}, {why}", at(field))


def _must_be_signed(letter: Letter, field: Field) -> Iterator[Remark]:
    signatures = letter.all("DKIM-Signature")
    if signatures and not any(field.key in signed_names(each) for each in signatures):
        yield error(
            f"no DKIM signature covers {field.name}", "name it in h=; unsigned it counts for nothing", at(field)
        )


def _beyond_host(url: str) -> str:
    return url.partition("//")[2].partition("/")[2]


def _holds(text: str, address: str) -> bool:
    """Whether *text* holds *address*, as it is, percent-encoded or in base64."""
    low = unquote(text[:4_000]).lower()
    if address in low or address.replace("@", "=") in low:
        return True
    return any(address in _unpacked(each).lower() for each in re.findall(r"[A-Za-z0-9+/_-]{8,2000}", text[:4_000]))


def _expires(url: str) -> bool:
    """Whether an address, or a JSON Web Token in it, says when it ends."""
    try:
        names = {name.lower() for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True, max_num_fields=100)}
    except ValueError:
        names = set()
    if names & {"exp", "expires", "expiry", "expire", "valid_until", "x-amz-expires"}:
        return True
    for _, claims, _ in re.findall(r"(eyJ[\w-]{1,500})\.(eyJ[\w-]{1,2000})\.([\w-]+)", url):
        try:
            told = json.loads(_unpacked(claims))
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and "exp" in told:
            return True
    return False


def _unpacked(word: str) -> str:
    bare = word.replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""

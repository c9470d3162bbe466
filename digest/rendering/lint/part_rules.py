"""Rules M6-M9: parts, charsets, transfer encodings and boundaries (RFC 2045, 2046)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from digest.rendering.lint.charsets import decoded
from digest.rendering.lint.finding import Place, Remark, error, quoted, warn
from digest.rendering.lint.letter import Letter, Part
from digest.rendering.lint.page import text_of

_LINE = 76
_ENCODINGS = ("7bit", "8bit", "binary", "quoted-printable", "base64")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\n|\Z))")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_META_CHARSET = re.compile(r"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_-]{1,40})", re.IGNORECASE)
_TOLD = 5  # of many missing links or titles


def two_parts(letter: Letter) -> Iterator[Remark]:
    """M6: multipart/alternative of text and HTML, in this order, with the same content (RFC 2046 §5.1.4)."""
    kinds = [part.kind for part in letter.root.children]
    place = Place(header="Content-Type", line=_line_of(letter.root, "content-type"))
    if letter.root.kind != "multipart/alternative":
        inner = [part for part in letter.root.walk() if part.kind == "multipart/alternative"]
        how = "send multipart/alternative: text/plain, then text/html, and nothing else"
        if not inner:
            yield error(f"the mail is {quoted(letter.root.kind)}, not two versions to choose from", how, place)
            return
        yield warn(f"the mail is {quoted(letter.root.kind)} around its two versions", how, place)
        kinds = [part.kind for part in inner[0].children]
    if kinds != ["text/plain", "text/html"] and "text/x-amp-html" not in kinds:
        yield error(
            f"the parts are {', '.join(kinds) or 'none'}",
            "text/plain first, text/html last: programs show the last one they can",
            place,
        )
    if letter.text and letter.html:
        yield from _same_content(letter)


def charsets(letter: Letter) -> Iterator[Remark]:
    """M7: UTF-8 that says so and can be read, in the normal form NFC."""
    for part in letter.parts:
        if part.kind not in ("text/plain", "text/html") or part.is_attached:
            continue
        name, place = part.kind.removeprefix("text/"), Place(part=_short(part), line=part.line)
        if part.charset not in ("utf-8", "utf8"):
            said = quoted(part.charset) if part.charset else "none"
            yield error(f"the {name} part names the charset {said}", "write it in UTF-8 and say charset=utf-8", place)
        if decoded(part.data, part.charset or "utf-8") is None:
            yield error(f"the {name} part cannot be read in its charset", "encode it anew, in UTF-8", place)
        elif "\ufffd" in part.text:
            yield error(
                f"the {name} part holds U+FFFD, where a character was lost",
                "read its source in the right charset",
                place,
            )
        if not unicodedata.is_normalized("NFC", part.text[:500_000]):
            yield warn(
                f"the {name} part is not in the normal form NFC", "normalise it; some fonts show marks apart", place
            )
    found = _META_CHARSET.search(letter.html[:20_000])
    if found and found[1].lower() not in ("utf-8", "utf8"):
        line = letter.html.count("\n", 0, found.start()) + 1
        yield error(f"the HTML says charset {quoted(found[1])} inside", "say utf-8", Place(part="html", line=line))


def transfer(letter: Letter) -> Iterator[Remark]:
    """M8: encodings that say what they are, in short lines (RFC 2045 §6)."""
    if b"\0" in letter.raw:
        yield error("there is a NUL byte", "leave it out; servers cut the mail there or refuse it")
    if b"\n" in letter.raw and re.search(rb"\r(?!\n)", letter.raw):
        yield error("a carriage return stands alone", "end lines with CRLF (RFC 5321 §2.3.8)")
    for part in letter.root.walk():
        place = Place(header="Content-Transfer-Encoding", line=_line_of(part, "content-transfer-encoding") or part.line)
        if part.encoding not in _ENCODINGS:
            yield error(
                f"nobody knows the transfer encoding {quoted(part.encoding)}", "use quoted-printable or base64", place
            )
        elif part.kind.startswith("multipart/"):
            if part.encoding in ("quoted-printable", "base64"):
                yield error(f"a multipart is never {part.encoding}", "encode the parts in it (RFC 2045 §6.4)", place)
        else:
            yield from _encoded_right(part, place)


def boundaries(letter: Letter) -> Iterator[Remark]:
    """M9: a boundary of at most 70 characters, in its places and nowhere else (RFC 2046 §5.1.1)."""
    outer: list[str] = []
    for part in letter.root.walk():
        if not part.kind.startswith("multipart/"):
            continue
        boundary = part.parameters.get("boundary", "")
        place = Place(header="Content-Type", line=_line_of(part, "content-type") or part.line)
        if not _BOUNDARY.fullmatch(boundary):
            yield error(
                f"the boundary is {quoted(boundary)}", "use 1 to 70 of the characters that may stand there", place
            )
        elif not part.children:
            yield error("the boundary stands nowhere in the mail", "close each part with it", place)
        elif not part.is_closed:
            yield error("the last boundary is missing: the mail may be cut off", "end it with --boundary--", place)
        if any(boundary.startswith(each) for each in outer if each):
            yield error("a boundary begins with that of the part around it", "make each boundary anew", place)
        outer.append(boundary)
        if part.preamble.strip():
            yield warn("there is text before the first part", "leave it out; nobody reads it", Place(line=part.line))
        if part.epilogue.strip():
            yield warn("there is text after the last part", "leave it out; nobody reads it", Place(line=part.line))
        if boundary and any(f"--{boundary}" in child.text for child in part.children if child.kind.startswith("text/")):
            yield warn("the boundary occurs in the content", "make one that cannot", place)


def squeezed(text: str) -> str:
    """Return *text* without white space, marks of direction and case, as two versions of it are compared."""
    kept = "".join(each for each in text if not each.isspace() and unicodedata.category(each) != "Cf")
    return unicodedata.normalize("NFKC", kept).casefold()


def _same_content(letter: Letter) -> Iterator[Remark]:
    flat = squeezed(letter.text)
    titles = [(text_of(each), int(each.sourceline or 0)) for each in letter.page.named("h1", "h2", "h3")]
    missing = [(title, line) for title, line in titles if squeezed(title) not in flat]
    for title, line in missing[:_TOLD]:
        yield error(
            f"the text part lacks the heading {quoted(title)}", "put it into both parts", Place(part="html", line=line)
        )
    links = {href: line for href, _, line in reversed(letter.page.links) if href.lower().startswith("http")}
    unwrapped = "".join(letter.text.split())
    lost = [
        (href, line)
        for href, line in links.items()
        if href not in letter.text and "".join(href.split()) not in unwrapped
    ]
    for href, line in lost[:_TOLD]:
        yield error(
            f"the text part lacks the link {quoted(href)}", "put it into both parts", Place(part="html", line=line)
        )
    more = len(missing[_TOLD:]) + len(lost[_TOLD:])
    if more:
        yield error(f"the text part lacks {more} more headings and links", "make both parts from the same content")


def _encoded_right(part: Part, place: Place) -> Iterator[Remark]:
    longest = max(map(len, part.body.split(b"\n")))
    is_text = part.kind.startswith("text/")
    match part.encoding:
        case "7bit" | "8bit" | "binary":
            if part.encoding == "binary":
                yield error("the part is sent as binary", "use base64 (RFC 3030 is not offered everywhere)", place)
            elif not part.body.isascii() and part.encoding == "7bit":
                yield error("the part says 7bit and is not ASCII", "use quoted-printable or base64", place)
            elif part.encoding == "8bit":
                yield warn(
                    "the part is sent as 8bit", "use quoted-printable or base64: not each server offers 8BITMIME", place
                )
            if longest > 998:
                yield error("the part has a line of more than 998 characters", "use quoted-printable or base64", place)
        case "quoted-printable":
            if longest > _LINE:
                yield error(f"a line of quoted-printable has {longest} characters", f"break it at {_LINE}", place)
            if _BAD_ESCAPE.search(part.body) or not part.body.isascii():
                yield error("the part is no valid quoted-printable", "encode it anew (RFC 2045 §6.7)", place)
        case _:
            if longest > _LINE:
                yield error(f"a line of base64 has {longest} characters", f"break it at {_LINE}", place)
            if _NOT_BASE64.search(part.body) or (is_text and len(re.sub(rb"\s", b"", part.body)) % 4):
                yield error("the part is no valid base64", "encode it anew (RFC 2045 §6.8)", place)


def _short(part: Part) -> str:
    return "html" if part.kind == "text/html" else "text"


def _line_of(part: Part, name: str) -> int:
    return next((each.line for each in part.fields if each.key == name), 0)

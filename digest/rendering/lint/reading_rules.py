"""Rules H5, H6, H8, H10 and H12: whether people can read it - colours, hidden text, headings, direction, plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from digest.rendering.lint.colours import LEAST, contrast, hex_of
from digest.rendering.lint.finding import Place, Remark, error, quoted, warn
from digest.rendering.lint.html_rules import html, line_of
from digest.rendering.lint.letter import Letter
from digest.rendering.lint.page import Seen, text_of
from digest.rendering.lint.wording import VAGUE, says_view

_SMALLEST, _TIGHTEST = 14, 1.4  # px, and sizes from line to line
_RTL = re.compile(r"(?:ar|he|fa|ur|yi|ps|sd|ug|dv|ckb)(?:-|$)")
_FILLING = re.compile(
    "(?:[\u200b\u200c\u200d\u034f\u00ad\u2007\ufeff]|&zwnj;|\u00a0){6,}|(?:[\u200c\u034f\u00ad]\\s*){4,}"
)
_WORD = re.compile(r"[^\W\d_]+|\d+")
_RESIDUE = re.compile(
    r"</?(?:p|div|td|tr|table|span|a|br|h[1-6]|li|ul|strong|em|b|i)\b[^>]{0,200}>|&(?:nbsp|amp|quot|lt|gt|zwnj|#\d{1,6});|@media\b|\{[a-z-]{2,20}:[^{}]{1,80}[;}]"
)
_SAME = 0.9  # of the words of the HTML that the text has
_WIDEST = 100  # columns of a line without a long word; 72 to 76 is good, East Asian letters count twice


def palettes(letter: Letter) -> Iterator[Remark]:
    """H5: text stands out by day and by night, and the mail says that it knows both."""
    page = letter.page
    if not letter.html:
        return
    for name, seen in (("light", page.seen), ("dark", page.seen_at_night)):
        weak: dict[tuple[str, str], Seen] = {}
        for each in seen:
            if each.words and not each.look.hidden and contrast(each.look.ink, each.look.ground) < LEAST:
                weak.setdefault((hex_of(each.look.ink), hex_of(each.look.ground)), each)
        for (ink, ground), each in list(weak.items())[:5]:
            ratio = contrast(each.look.ink, each.look.ground)
            what = f"{ink} on {ground} has a contrast of {ratio:.1f} in the {name} palette: {quoted(each.words, 40)}"
            yield error(what, f"make it {LEAST} at least", html(each.line))
    told = {(each.get("name") or "").lower(): each.get("content") or "" for each in page.named("meta")}
    if "dark" not in told.get("color-scheme", "") or "dark" not in told.get("supported-color-schemes", ""):
        how = 'add <meta name="color-scheme" content="light dark">, and supported-color-schemes'
        yield warn("the mail does not say that it knows dark mode", how, html())
    elif not page.dark:
        how = "add @media (prefers-color-scheme: dark) with colours for each class"
        yield warn("there are no colours for dark mode", how, html())


def nothing_hidden(letter: Letter) -> Iterator[Remark]:
    """H6: what is there can be seen; the first words tell what is in the mail."""
    hidden = [each for each in letter.page.seen if each.look.hidden and (each.words or each.tag == "img")]
    if hidden:
        first = hidden[0]
        how = "show it as the first line, or leave it out; Gmail counts hidden text as spam"
        yield error(f"text is hidden ({first.look.hidden}): {quoted(first.words, 40)}", how, html(first.line))
    elif _FILLING.search(letter.page.words):
        yield error("the preview is filled with invisible characters", "leave them out", html())
    first_words = next((each for each in letter.page.seen if _WORD.search(each.words) and not each.look.hidden), None)
    if first_words is not None and says_view(first_words.words):
        how = "begin with a sentence on what is in it; lists of mails show it"
        yield warn(f"the first words are {quoted(first_words.words, 40)}", how, html(first_words.line))


def accessible(letter: Letter) -> Iterator[Remark]:
    """H8: language, direction, title, headings, links and sizes that people and screen readers can use."""
    if not letter.html:
        return
    yield from _language(letter)
    page = letter.page
    titles = [text_of_title for each in page.named("title") if (text_of_title := (each.text or "").strip())]
    if not titles:
        yield error("the HTML has no <title>", "name the newsletter in it", html())
    heads = page.named("h1")
    if len(heads) != 1:
        how = "have one h1, and an h2 for each article"
        yield error(f"the HTML has {len(heads) or 'no'} h1", how, html(line_of(heads[1]) if heads[1:] else 0))
    level = 0
    for each in page.named("h1", "h2", "h3", "h4", "h5", "h6"):
        deeper = int(str(each.tag)[1])
        if level and deeper > level + 1:
            yield warn(f"an h{deeper} follows an h{level}", "leave no level out", html(line_of(each)))
            break
        level = deeper
    for each in page.named("a"):
        words = (each.get("aria-label") or "").strip() or text_of(each)
        if each.get("href") is not None and not words:
            yield error("a link has no words", "say where it leads", html(line_of(each)))
        elif words.lower().strip(" .…»›→>") in VAGUE:
            yield warn(f"a link only says {quoted(words)}", "say where it leads", html(line_of(each)))
    yield from _sizes(page.seen)


def directions(letter: Letter) -> Iterator[Remark]:
    """H10: Arabic and Hebrew run from the right, whatever is around them."""
    page = letter.page
    for each in page.seen:
        if each.look.hidden:
            continue
        own = (each.element.get("lang") or "").lower()
        if _RTL.match(own) and each.look.direction == "ltr" and not each.element.get("dir"):
            yield error(f'<{each.tag} lang="{own[:10]}"> has no dir="rtl"', 'add dir="rtl"', html(each.line))
            return
        from_right, from_left = _strong(each.words)
        if from_right > max(3, 4 * from_left) and each.look.direction == "ltr":
            yield error(
                f"words that run from the right stand in a line from the left: {quoted(each.words, 40)}",
                'add dir="rtl"',
                html(each.line),
            )
            return
        if each.tag in ("td", "p") and each.words and each.element.get("dir") == "rtl" and each.look.side in ("left",):
            yield warn("a text from the right is aligned left", "align it right too", html(each.line))
            return
    if found := page.named("bdi"):
        yield warn("<bdi> is not known to Gmail", 'use <span dir="auto">', html(line_of(found[0])))


def plain_text(letter: Letter) -> Iterator[Remark]:
    """H12: the text part is a real one: the same words, addresses in full, lines that fit, no markup."""
    text = letter.text
    if not text.strip():
        if letter.html:
            yield error("there is no plain text", "write the mail as text too", Place(part="text"))
        return
    if found := _RESIDUE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        yield warn(
            f"markup is left in the text: {quoted(found[0], 40)}",
            "make it from words, not from HTML",
            Place(part="text", line=line),
        )
    if letter.html:
        theirs, ours = _tokens(letter.page.words), _tokens(text)
        share = len(theirs & ours) / len(theirs) if theirs else 1.0
        if share < _SAME:
            make = error if share < _SAME / 2 else warn
            how = "make both parts from the same content"
            yield make(f"the text has {share:.0%} of the words of the HTML", how, Place(part="text"))
    for number, row in enumerate(text.split("\n"), 1):
        if " " in row.strip() and "://" not in row and _columns(row) > _WIDEST:
            how = "break lines at 72 to 76 columns"
            yield warn(f"a line of the text has {_columns(row)} columns", how, Place(part="text", line=number))
            break


def _language(letter: Letter) -> Iterator[Remark]:
    page = letter.page
    inside = [each for each in (page.body if page.body is not None else ()) if isinstance(each.tag, str)]
    for element, name in ((page.root, "<html>"), (inside[0] if inside else None, "the first element in <body>")):
        missing = [each for each in ("lang", "dir") if element is None or not element.get(each)]
        if missing:
            how = "say both in both places: web mail takes <html> away"
            yield error(f"{name} has no {' and no '.join(missing)}", how, html(line_of(element)))


def _sizes(seen: Sequence[Seen]) -> Iterator[Remark]:
    read = [each for each in seen if each.words and not each.look.hidden]
    small = [each for each in read if each.look.size is not None and each.look.size < _SMALLEST]
    if small:
        what = f"{len(small)} texts are smaller than {_SMALLEST} px, like {quoted(small[0].words, 40)}"
        yield warn(what, "make them larger", html(small[0].line))
    tight = [each for each in read if each.look.line_height is not None and each.look.line_height < _TIGHTEST - 0.01]
    if tight:
        what = f"the lines of {len(tight)} texts are closer than {_TIGHTEST}, like {quoted(tight[0].words, 40)}"
        yield warn(what, "raise line-height", html(tight[0].line))


def _strong(words: str) -> tuple[int, int]:
    """Return how many letters run from the right, and from the left."""
    kinds = [unicodedata.bidirectional(each) for each in words[:2_000]]
    return sum(each in ("R", "AL") for each in kinds), kinds.count("L")


def _tokens(text: str) -> set[str]:
    """Return words in small letters; each letter by itself in scripts that are broken anywhere."""
    found: set[str] = set()
    for word in _WORD.findall(unicodedata.normalize("NFKC", text[:500_000]).casefold()):
        found.update(word if any(each >= "\u2e80" for each in word) else [word])
    return found


def _columns(line: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in line.strip())

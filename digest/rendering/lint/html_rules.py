"""Rules H1-H4, H7, H9, H11, H13-H18: the make of the HTML, its pictures and links (caniemail, Gmail's guidelines)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.rendering.lint.finding import Place, Remark, error, quoted, warn
from digest.rendering.lint.header_rules import at, host_of
from digest.rendering.lint.letter import Letter
from digest.rendering.lint.list_rules import way_out
from digest.rendering.lint.page import Seen, outside_media, style
from digest.rendering.lint.wording import SHORTENERS, says_change, says_leave

_TARGET, _CLIPPED = 80_000, 100_000  # bytes of HTML; Gmail clips at some 102,000
_NEAR_TOP = 60_000
_LARGEST_SHEET = 16_384
_TOLD = 5
_LAYOUT = re.compile(
    r"(?:^|[;{\s])(display\s*:\s*(?:inline-)?(?:flex|grid)|position\s*:\s*(?!static)[a-z]+|float\s*:\s*(?!none)[a-z]+)"
)
_NEVER = {
    "script": "scripts", "form": "forms", "iframe": "frames", "frame": "frames", "video": "films", "audio": "sounds",
    "object": "plug-ins", "embed": "plug-ins", "applet": "plug-ins", "base": "a base address", "input": "forms",
    "button": "forms", "select": "forms", "textarea": "forms", "canvas": "drawings",
}  # fmt: skip
_SEMANTIC = ("article", "section", "header", "main", "nav", "footer", "aside", "figure")
_GENERIC = ("serif", "sans-serif", "monospace", "cursive", "system-ui", "inherit", "initial")
_PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{1,80}\}\}|\{%[^{}\n]{1,80}%\}|<%[^<>\n]{1,80}%>|\*\|[A-Z_:]{2,40}\|\*|%%[A-Za-z_]{2,40}%%"
)
_TWICE = re.compile(r"&amp;(?:amp|lt|gt|quot|#\d{1,6}|nbsp);")
_SAFE_PICTURES = re.compile(r"\.(?:svgz?|avif)(?:[?#]|$)", re.IGNORECASE)
_HOST_IN_WORDS = re.compile(r"(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})(?:[/?#:]\S{0,500})?", re.IGNORECASE)
_NUMERIC = re.compile(r"\[.*\]|\d{1,3}(?:\.\d{1,3}){3}|0x[0-9a-f]{8}|\d{8,10}")


def html(line: int = 0) -> Place:
    """Return the place of a *line* of the HTML."""
    return Place(part="html", line=line)


def line_of(element: object) -> int:
    """Return the line of an element, 0 when it is not known."""
    return int(getattr(element, "sourceline", 0) or 0)


def size(letter: Letter) -> Iterator[Remark]:
    """H1: HTML under 80,000 bytes, and never 100,000: Gmail shows no more."""
    count = len(letter.html.encode("utf-8", "replace"))
    if count > _CLIPPED:
        yield error(
            f"the HTML has {count} bytes", f"keep it under {_CLIPPED}; drop whole articles, not the footer", html()
        )
    elif count > _TARGET:
        yield warn(f"the HTML has {count} bytes", f"aim at {_TARGET}; Gmail clips at some 102,000", html())
    for part in letter.parts:
        if part.kind == "text/html" and not part.is_attached and len(part.body) > max(1.6 * count, _CLIPPED):
            how = "use base64; this encoding makes it much larger than it is"
            yield warn(f"the encoded HTML has {len(part.body)} bytes for {count}", how, html())


def tables(letter: Letter) -> Iterator[Remark]:
    """H2: layout by tables that say so, 600 px wide, and nothing that Word or Gmail does not know."""
    page = letter.page
    bare = untidy = 0
    first = first_untidy = 0
    for table in page.named("table"):
        if any(each.tag == "th" for each in table.iter()):
            if any(each.get("scope") is None for each in table.iter("th")):
                yield warn("a heading of a table has no scope", 'write <th scope="col">', html(line_of(table)))
            continue
        if (table.get("role") or "").lower() not in ("presentation", "none"):
            bare, first = bare + 1, first or line_of(table)
        if any((table.get(name) or "") != "0" for name in ("cellpadding", "cellspacing", "border")):
            untidy, first_untidy = untidy + 1, first_untidy or line_of(table)
        width = re.fullmatch(r"(\d{1,5})(?:px)?", table.get("width") or "")
        if width and int(width[1]) > 640:
            yield warn(f"a table is {width[1]} px wide", "keep to 600 px with max-width", html(line_of(table)))
        elif width and int(width[1]) > 320 and "max-width" not in style(table.get("style") or ""):
            yield warn(
                "a table of fixed width has no max-width",
                "add max-width, so that it fits a phone",
                html(line_of(table)),
            )
    if bare:
        how = 'write role="presentation", or screen readers read the layout aloud'
        yield error(f"{bare} layout tables have no role", how, html(first))
    if untidy:
        how = "write cellpadding, cellspacing and border, each 0"
        yield warn(f"{untidy} layout tables leave their spaces to the mail program", how, html(first_untidy))
    for element in page.elements:
        if found := _LAYOUT.search((element.get("style") or "").lower()[:5_000]):
            yield error(f"{quoted(found[1])} is not known to Outlook or Gmail", "use tables", html(line_of(element)))
            return
    if found := _LAYOUT.search(outside_media(page.sheet).lower()):
        yield error(f"{quoted(found[1])} is not known to Outlook or Gmail", "use tables", html())


def outlook(letter: Letter) -> Iterator[Remark]:
    """H3: few conditional comments for Outlook, each one closed, and no content in them."""
    opened = len(re.findall(r"<!(?:--)?\[if\b", letter.html))
    closed = len(re.findall(r"<!\[endif\]", letter.html))
    if opened != closed:
        yield error(
            f"{opened} conditional comments are opened and {closed} closed", "close each with <![endif]-->", html()
        )
    if opened > 20:
        yield warn(f"there are {opened} conditional comments", "keep to a few; newer Outlooks do not read them", html())
    if re.search(r"<v:[a-z]", letter.html, re.IGNORECASE):
        yield warn("there are drawings for old Outlooks (VML)", "do without; newer ones do not show them", html())


def inlined(letter: Letter) -> Iterator[Remark]:
    """H4: what matters stands in style attributes; <style> is small and may be taken away."""
    page = letter.page
    count = len(page.sheet.encode("utf-8", "replace"))
    if count > _LARGEST_SHEET:
        yield error(
            f"the style sheet has {count} bytes", f"keep it under {_LARGEST_SHEET}: Gmail drops all of it", html()
        )
    body = page.body
    if body is not None and (late := list(body.iter("style"))):
        yield warn("there is a <style> in the body", "put it into <head>, before it is used", html(line_of(late[0])))
    always = outside_media(page.sheet)
    if re.search(r"(?:font-size|[\s;{]color)\s*:", always):
        bare = [each for each in page.seen if each.words and each.look.size is None and not each.look.hidden]
        if bare:
            how = "put size and colour into style attributes (premailer does); some programs drop <style>"
            yield warn(f"{len(bare)} texts get their size from <style> only", how, html(bare[0].line))


def pictures(letter: Letter) -> Iterator[Remark]:
    """H7: https, sizes and words for every picture; the mail is whole without them."""
    found = letter.page.named("img")
    for image in found[:200]:
        source, place = (image.get("src") or "").strip(), html(line_of(image))
        if not source.lower().startswith("https://"):
            what = "data" if source.lower().startswith("data:") else "the address"
            yield error(
                f"a picture is not fetched over https: {what} {quoted(source, 40)}", "use an https address", place
            )
        elif _SAFE_PICTURES.search(source):
            yield error(f"Gmail does not show this picture: {quoted(source)}", "use PNG, JPEG or GIF", place)
        if image.get("alt") is None:
            yield error("a picture has no alt", 'say what it shows; alt="" where it only decorates', place)
        sizes = [image.get(name) for name in ("width", "height")]
        if not all(sizes):
            yield error("a picture has no width and height", "write both, so that text does not jump", place)
        elif all(re.fullmatch(r"[01](?:px)?", each or "") for each in sizes):
            yield warn("a picture of one pixel watches who reads", "leave it out; or ask for consent first", place)
        elif "max-width" not in style(image.get("style") or ""):
            yield warn("a picture has no max-width", "write max-width:100%; height:auto", place)
    if found and len(letter.page.words) < 400:
        how = "say it in words too; filters and readers without pictures see nothing else"
        yield warn(f"there are only {len(letter.page.words)} characters beside pictures", how, html())


def semantic_tags(letter: Letter) -> Iterator[Remark]:
    """H9: no elements that some programs take out; headings carry the structure."""
    if found := letter.page.named(*_SEMANTIC):
        how = "use tables, div and headings; Yahoo and Outlook take such elements out"
        yield warn(f"<{found[0].tag}> is not known everywhere", how, html(line_of(found[0])))


def fonts(letter: Letter) -> Iterator[Remark]:
    """H11: fonts that are on the reader's machine, with a family to fall back on."""
    page = letter.page
    if "@font-face" in page.sheet.lower():
        yield warn("the style sheet loads fonts", "use fonts that are there; Gmail and Outlook load none", html())
    for each in page.elements:
        families = style(each.get("style") or "").get("font-family", "")
        if families and not families.replace("'", "").replace('"', "").strip().endswith(_GENERIC):
            how = "end the list with serif, sans-serif or monospace"
            yield warn(f"font-family {quoted(families)} has nothing to fall back on", how, html(line_of(each)))
            return


def links(letter: Letter) -> Iterator[Remark]:
    """H13: absolute https links that lead where they say."""
    told = 0
    for href, words, line in letter.page.links:
        for remark in _link(href, words, html(line)):
            told += 1
            if told <= 2 * _TOLD:
                yield remark


def _link(href: str, words: str, place: Place) -> Iterator[Remark]:
    scheme = href.partition(":")[0].lower() if ":" in href else ""
    if scheme in ("mailto", "tel", "javascript", "data", "vbscript") or href.startswith("#"):
        return  # not links to pages; H14 has the bad ones
    if scheme != "https":
        what = "has no TLS" if scheme == "http" else "is not absolute"
        yield error(f"a link {what}: {quoted(href)}", "write https://…", place)
        return
    host = host_of(href)
    if not host or _NUMERIC.fullmatch(host):
        yield error(f"a link leads to a number, not a name: {quoted(href)}", "use a host name", place)
    if "@" in href.partition("//")[2].partition("/")[0]:
        yield error(f"a link has a login in it: {quoted(href)}", "leave out what stands before the @", place)
    if host.removeprefix("www.") in SHORTENERS:
        yield warn(f"a link hides where it leads: {quoted(href)}", "write the address itself", place)
    said = _HOST_IN_WORDS.fullmatch(words.strip()) if len(words) < 600 else None
    if said and "." in said[1] and said[1].lower().removeprefix("www.") != host.removeprefix("www."):
        yield error(f"a link says {quoted(said[1])} and leads to {quoted(host)}", "say where it leads", place)


def escaped(letter: Letter) -> Iterator[Remark]:
    """H14: nothing of an article runs or shows as markup; no placeholder is left."""
    for each in letter.page.elements:
        for name in ("href", "src", "background", "action", "poster"):
            value = re.sub(r"[\x00-\x20]", "", (each.get(name) or "")[:200]).lower()
            if value.startswith(("javascript:", "vbscript:")) or (value.startswith("data:") and each.tag != "img"):
                yield error(f"{name} runs code: {quoted(value, 40)}", "refuse such addresses", html(line_of(each)))
    for part, text in (("html", letter.html), ("text", letter.text)):
        if found := _PLACEHOLDER.search(text):
            line = text.count("\n", 0, found.start()) + 1
            how = "see that the template was filled in; nothing to do when an article says so"
            yield warn(f"a placeholder may be left: {quoted(found[0])}", how, Place(part=part, line=line))
    if found := _TWICE.search(letter.html):
        how = "escape each text once"
        line = letter.html.count("\n", 0, found.start()) + 1
        yield warn(f"a text may be escaped twice: {quoted(found[0])}", how, html(line))


def passive(letter: Letter) -> Iterator[Remark]:
    """H15: no scripts, forms, frames, outside style sheets or handlers."""
    told: set[str] = set()
    for each in letter.page.elements:
        name = str(each.tag).lower()
        if name in _NEVER and name not in told:
            told.add(name)
            yield error(f"<{name}>: mail programs take out {_NEVER[name]}", "leave it out", html(line_of(each)))
        if name == "link" and "stylesheet" in (each.get("rel") or "").lower():
            yield error("a style sheet is loaded from outside", "put styles into style attributes", html(line_of(each)))
        if name == "meta" and (each.get("http-equiv") or "").lower() == "refresh":
            yield error("the page sends readers elsewhere", "leave out meta refresh", html(line_of(each)))
        handlers = [key for key in each.attrib if str(key).lower().startswith("on")]
        if handlers and "on" not in told:
            told.add("on")
            yield error(f"<{name}> has a handler: {quoted(str(handlers[0]), 30)}", "leave it out", html(line_of(each)))
    sheet = letter.page.sheet.lower()
    for wrong in ("url(", "@import", "expression("):
        if wrong in sheet:
            yield error(f"the style sheet has {wrong.strip('(')}", "leave it out; Gmail drops the whole block", html())


def brand(letter: Letter) -> Iterator[Remark]:
    """H16: BIMI-Selector, where there is one, is of its form."""
    for field in letter.all("BIMI-Selector")[:1]:
        if not re.fullmatch(r"v=BIMI1;\s*s=[A-Za-z0-9-]{1,63};?", field.text[:200]):
            yield warn(f"BIMI-Selector cannot be read: {quoted(field.text)}", "write v=BIMI1; s=default", at(field))


def no_amp(letter: Letter) -> Iterator[Remark]:
    """H17: no AMP part."""
    amp = next((part for part in letter.parts if part.kind == "text/x-amp-html"), None)
    if amp is not None:
        yield warn("there is an AMP part", "leave it out: few programs read it", Place(line=amp.line))
    elif re.search(r"<html[^>]{0,200}(?:\u26a1|\bamp)4email", letter.html[:5_000], re.IGNORECASE):
        yield warn("the HTML is AMP", "send plain HTML: few programs read it", html())


def footer(letter: Letter) -> Iterator[Remark]:
    """H18: preferences, unsubscribe, who we are: in this order; unsubscribe also near the top of a long mail."""
    page, url = letter.page, way_out(letter)
    leaving = [at for at, (href, words, _) in enumerate(page.links) if (url and href == url) or says_leave(words)]
    choosing = [at for at, (_, words, _) in enumerate(page.links) if says_change(words) and not says_leave(words)]
    if not leaving:
        return  # L9 says so
    if choosing and choosing[-1] > leaving[-1]:
        yield warn("preferences come after unsubscribe", "name them before it: some want less, not nothing", html())
    seen = [each for each in page.seen if each.words and not each.look.hidden]
    if seen and _is_last(seen, page.links[leaving[-1]][0]):
        how = "end with who sends it: name and postal address, as the law asks"
        yield warn("nothing stands after unsubscribe", how, html(page.links[leaving[-1]][2]))
    first = letter.html.find(page.links[leaving[0]][0].replace("&", "&amp;"))
    if len(letter.html) > _NEAR_TOP and first > _NEAR_TOP:
        yield warn(
            "a long mail has no unsubscribe near its top", "put a second link there; the end may be clipped", html()
        )


def _is_last(seen: list[Seen], href: str) -> bool:
    return seen[-1].tag == "a" and (seen[-1].element.get("href") or "").strip() == href

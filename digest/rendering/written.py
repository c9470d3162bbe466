"""What editors write (Markdown, CommonMark) as HTML for a mail and as the text that says the same.

Both come from one walk over one tree. HTML in the source is text like any other, an address that is not http or
https is no link, and a picture is its description: nothing gets into a mail that is not written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from markupsafe import Markup

from digest.errors import BadInput
from digest.rendering.clean import clean_text, clean_url, escape_html
from digest.rendering.directed import Directed
from digest.rendering.fold import wrap
from digest.rendering.languages import clean_tag

LONGEST = 20_000  #: characters of Markdown
_MOST_BRACKETS = 2_000  # brackets that never close make any Markdown parser look ahead again and again
_DEEPEST = 8
_MAILTO = re.compile(r"mailto:([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)")
_TAGS = {"strong": "strong", "em": "em", "s": "s"}


@dataclass(frozen=True, slots=True)
class Written(Directed):
    """One text as a template shows it: `html` is safe markup, `text` is folded; `title` is its first heading."""

    html: Markup
    text: str
    title: str
    language: str


@dataclass(frozen=True, slots=True)
class _Both:
    """A piece of the tree, both ways."""

    html: str
    text: str


def read_written(markdown: str, language: str) -> Written:
    """Return *markdown* for a mail; raises BadInput when it is too long, too deep or says nothing."""
    if len(markdown) > LONGEST:
        raise BadInput(f"the text has {len(markdown):,} characters; at most {LONGEST:,} fit beside the articles")
    if markdown.count("[") > _MOST_BRACKETS:
        raise BadInput(f"the text has more than {_MOST_BRACKETS:,} square brackets; write fewer links")
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 4 * _DEEPEST})
    blocks = [_block(node, 0) for node in SyntaxTreeNode(parser.parse(markdown)).children]
    said = [each for each in blocks if each.text]
    if not said:
        raise BadInput("the text says nothing that a mail can show; write a sentence")
    title = clean_text(said[0].text.split("\n\n")[0])
    html = Markup("\n".join(each.html for each in said))  # noqa: S704  # every word in it was escaped
    return Written(html, "\n\n".join(each.text for each in said), title, clean_tag(language))


@dataclass(frozen=True, slots=True)
class EditionView:
    """What editors say in an edition, as templates see it."""

    note: Written | None = None
    announcement: Written | None = None


NO_NOTES = EditionView()


def edition_view(notes: Mapping[str, tuple[str, str]]) -> EditionView:
    """Return the view of *notes*: "note" and "announcement" to Markdown and language; raises BadInput."""
    return EditionView(**{kind: read_written(*note) for kind, note in notes.items()})


def _block(node: SyntaxTreeNode, depth: int) -> _Both:
    if depth > _DEEPEST:
        raise BadInput("lists and quotations stand too deep inside each other; write it flatter")
    match node.type:
        case "paragraph" | "heading":
            return _line(node)
        case "bullet_list" | "ordered_list":
            return _list(node, depth)
        case "blockquote":
            inner = _stack(node.children, depth)
            quoted = "\n".join(f"> {line}".rstrip() for line in inner.text.split("\n"))
            return _Both(f'<blockquote class="quoted">{inner.html}</blockquote>', quoted)
        case "fence" | "code_block":
            lines = [clean_text(line) for line in node.content.rstrip("\n").split("\n")]
            return _Both(f'<p class="saying">{"<br>".join(map(escape_html, lines))}</p>', "\n".join(lines))
    return _Both("", "")


def _line(node: SyntaxTreeNode) -> _Both:
    inner = _inline(node.children[0].children if node.children else ())
    text = "\n".join(wrap(line) for line in inner.text.split("\n"))
    if not text.strip():
        return _Both("", "")
    if node.type == "heading":
        return _Both(f'<h2 class="saying-title">{inner.html}</h2>', text)
    return _Both(f'<p class="saying">{inner.html}</p>', text)


def _list(node: SyntaxTreeNode, depth: int) -> _Both:
    ordered = node.type == "ordered_list"
    number = int(node.attrs.get("start", 1)) if ordered else 0
    html: list[str] = []
    texts: list[str] = []
    for count, item in enumerate(node.children):
        inner = _stack(item.children, depth, tight=True)
        if not inner.text:
            continue
        mark = f"{number + count}. " if ordered else "- "
        html.append(f'<li class="entry">{inner.html}</li>')
        texts.append(mark + inner.text.replace("\n", "\n" + " " * len(mark)))
    tag = "ol" if ordered else "ul"
    start = f' start="{number}"' if ordered and number != 1 else ""
    made = f'<{tag} class="entries"{start}>{"".join(html)}</{tag}>' if html else ""
    return _Both(made, "\n".join(texts))


def _stack(nodes: Sequence[SyntaxTreeNode], depth: int, *, tight: bool = False) -> _Both:
    """Return blocks one below the other; a *tight* paragraph has no element of its own."""
    blocks = [each for each in (_block(node, depth + 1) for node in nodes) if each.text]
    html = "".join(each.html for each in blocks)
    if tight and len(blocks) == 1 and html.startswith('<p class="saying">'):
        html = html.removeprefix('<p class="saying">').removesuffix("</p>")
    return _Both(html, ("\n" if tight else "\n\n").join(each.text for each in blocks))


def _inline(nodes: Iterable[SyntaxTreeNode]) -> _Both:
    pieces = [_piece(node) for node in nodes]
    return _Both("".join(each.html for each in pieces), "".join(each.text for each in pieces))


def _piece(node: SyntaxTreeNode) -> _Both:
    match node.type:
        case "text" | "html_inline":
            return _plain(node.content)
        case "code_inline":
            return _plain(node.content)
        case "softbreak":
            return _Both(" ", " ")
        case "hardbreak":
            return _Both("<br>", "\n")
        case "image":
            return _plain(node.content)
        case "link":
            return _link(node)
    inner = _inline(node.children)
    tag = _TAGS.get(node.type)
    return _Both(f"<{tag}>{inner.html}</{tag}>", inner.text) if tag and inner.text.strip() else inner


def _link(node: SyntaxTreeNode) -> _Both:
    inner, url = _inline(node.children), _address(str(node.attrs.get("href", "")))
    if not url:
        return inner
    shown = inner if inner.text.strip() else _plain(url)
    html = f'<a class="link" href="{escape_html(url)}">{shown.html}</a>'
    plain = url.removeprefix("mailto:")
    return _Both(html, shown.text if shown.text.strip() == plain else f"{shown.text} ({plain})")


def _address(href: str) -> str:
    """Return a web address, or that of a mailbox, as it may stand in a mail; "" for any other."""
    mailbox = _MAILTO.fullmatch(href)
    return f"mailto:{mailbox[1]}" if mailbox else clean_url(href)


def _plain(text: str) -> _Both:
    """Return words as they stand, with the space before and after them."""
    cleaned = clean_text(text)
    if not cleaned:
        return _Both(" ", " ") if text else _Both("", "")
    before, after = " " if text[0].isspace() else "", " " if text[-1].isspace() else ""
    return _Both(f"{before}{escape_html(cleaned)}{after}", f"{before}{cleaned}{after}")

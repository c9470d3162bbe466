"""Markdown with front matter (YAML between ---, TOML between +++) -> article."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from markdown_it import MarkdownIt

from digest.collection.anatomy import dissect
from digest.collection.blocks import Block, Shape
from digest.collection.clean import clean_line
from digest.collection.dates import parse_date, sane
from digest.collection.extra import missing_extra
from digest.collection.language import guess_language, language_tag
from digest.collection.links import http_url
from digest.collection.markers import Markers, load_markers, own_first
from digest.collection.pictures import make_image
from digest.collection.plaintext import LONGEST_TITLE, MAX_TEXT
from digest.errors import BadArticle
from digest.model.article import Article, RelatedLink

LONGEST_FRONT_MATTER = 32 * 1024
DEEPEST = 20
# Brackets that never close make any Markdown parser look ahead again and again.
MOST_BRACKETS = 5_000
_FRONT = re.compile(
    r"\A\s*(---|\+\+\+)[ \t]*\r?\n(.*?)(?:\r?\n)?^(?:\1|\.{3})[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_OPEN = re.compile(r"\A\s*(---|\+\+\+)[ \t]*\r?\n(?:[\w-]+[ \t]*[:=].*\n)*title[ \t]*[:=]")
_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
_TAGS = re.compile(r"<[^<>]{0,2000}>")


def read_markdown(text: str, *, now: datetime | None = None, languages: Markers | None = None) -> Article:
    """Return the article in the Markdown document *text*.

    Front matter keys: title, deck (or description, summary), language (lang), date (published), url (canonical),
    topics (tags), image {url, width, height, alt}, disclaimer, ai_generated, related [title or {title, url}],
    author, guid (id). Without a title key the first heading is the title. Dates later than *now* are dropped.
    Raises BadArticle when front matter or text cannot be read.
    """
    if len(text) > MAX_TEXT:
        raise BadArticle(f"the file has {len(text):,} characters; at most {MAX_TEXT:,} are read as one article")
    front, body = _front_matter(text)
    blocks = _blocks(body)
    title = clean_line(_word(front, "title"))
    if not title and blocks and blocks[0].shape is Shape.HEADING:
        title, blocks = blocks[0].text, blocks[1:]
    elif title and blocks and blocks[0].shape is Shape.HEADING and blocks[0].text == title:
        blocks = blocks[1:]
    if not title or len(title) > LONGEST_TITLE:
        raise BadArticle("there is no title; write `title: …` between --- lines, or begin with `# Title`")
    markers = load_markers() if languages is None else languages
    language = language_tag(_word(front, "language", "lang", "locale"))
    language = language or guess_language("\n".join(block.text for block in blocks) or title, markers)
    parts = dissect(blocks, own_first(markers, language), title=title, with_deck=False)
    deck = clean_line(_word(front, "deck", "description", "summary", "subtitle"))
    if not parts.sections and not deck:
        raise BadArticle(f"there is nothing under the title {title[:60]!r}; write the article below the front matter")
    when = parse_date(_word(front, "date", "published", "published_at", "publishdate")) or parts.facts.published_at
    flag = _flag(front.get("ai_generated"))
    return Article(
        title=title,
        deck=deck,
        sections=parts.sections,
        disclaimer="\n".join(_lines(front.get("disclaimer"))) or parts.disclaimer,
        related=_related(front.get("related")) or parts.related,
        language=language,
        published_at=sane(when, now),
        url=http_url(_word(front, "url", "canonical", "canonical_url", "link")) or parts.facts.url,
        guid=clean_line(_word(front, "guid", "id"))[:500],
        topics=tuple(dict.fromkeys(_words(front.get("topics", front.get("tags", front.get("categories")))))),
        image=_image(front.get("image")),
        author=clean_line(_word(front, "author", "by")) or parts.facts.author,
        ai_generated=parts.ai_generated if flag is None else flag,
    )


def _front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    found = _FRONT.match(text)
    if not found:
        if opened := _OPEN.match(text):
            raise BadArticle(f"the front matter is never closed; write {opened[1]} on a line of its own below it")
        return {}, text
    if len(found[2]) > LONGEST_FRONT_MATTER:
        raise BadArticle("the front matter has more than 32 KB; close it with the same line it began with")
    above = text.count("\n", 0, found.start(2))
    values = _toml(found[2], above) if found[1] == "+++" else _yaml(found[2], above)
    if not isinstance(values, Mapping):
        if values is None:
            return {}, text[found.end() :]
        # A page may begin with a line of hyphens that is no front matter.
        return {}, text
    return {str(key).strip().lower().replace("-", "_"): value for key, value in values.items()}, text[found.end() :]


def _toml(text: str, above: int) -> Any:
    """Return the TOML *text*, which has *above* lines of the file above it."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as wrong:
        said = clean_line(str(wrong))
        found = _TOML_PLACE.search(said)
        where = f"line {above + int(found[1])}: " if found else ""
        said = said[: found.start()] if found else said
        raise BadArticle(f"{where}the front matter is not TOML: {said[:150]}; put texts in quotes") from None


def _yaml(text: str, above: int) -> Any:
    """Return the YAML *text*, which has *above* lines of the file above it, with every scalar as it was written.

    So `title: No` stays a word. Aliases are refused: a few lines of them unfold to gigabytes.
    """
    try:
        import yaml  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise missing_extra("Markdown with front matter") from None
    if text.count("[") + text.count("{") > 400:
        raise BadArticle("the front matter nests too much; keep to plain keys and lists")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.BaseLoader)):
            raise BadArticle("the front matter uses YAML aliases (*name); write the values out")
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes nothing but strings, lists, dicts
    except yaml.MarkedYAMLError as wrong:
        said = clean_line(" ".join(filter(None, [wrong.context, wrong.problem])))[:150]
        mark = wrong.context_mark or wrong.problem_mark
        where = f"line {above + mark.line + 1}: " if mark else ""
        remedy = "put a text with a colon, a bracket or a quotation mark in quotes"
        raise BadArticle(f"{where}the front matter is not YAML: {said}; {remedy}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as wrong:
        raise BadArticle(f"the front matter is not YAML: {clean_line(str(wrong))[:150]}") from None


def _word(front: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        value = front.get(key)
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return ""


def _lines(value: object) -> list[str]:
    return [line for part in _parts(value) for line in (clean_line(piece) for piece in part.split("\n\n")) if line]


def _words(value: object) -> list[str]:
    pieces = [value] if isinstance(value, list) else [re.split("[,;、،]", value)] if isinstance(value, str) else []
    return [word for piece in pieces for word in (clean_line(part) for part in _parts(piece)) if word][:50]


def _parts(value: object) -> list[str]:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return [str(value)]
    return [str(part) for part in value if isinstance(part, str | int | float)] if isinstance(value, list) else []


def _flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word in ("true", "yes", "on", "1") else False if word in ("false", "no", "off", "0") else None


def _image(value: object) -> Any:
    if not isinstance(value, Mapping):
        return None
    alt = value.get("alt")
    url = http_url(value.get("url") or value.get("src"))
    return make_image(url, value.get("width"), value.get("height"), clean_line(alt) if isinstance(alt, str) else "")


def _related(value: object) -> tuple[RelatedLink, ...]:
    from digest.collection.related import read_entry

    found: list[RelatedLink] = []
    for entry in value[:50] if isinstance(value, list) else []:
        if isinstance(entry, Mapping):
            title = clean_line(_word(entry, "title", "deck", "name"))
            link = RelatedLink(title, http_url(_word(entry, "url", "link", "href"))) if title else None
        else:
            link = read_entry(clean_line(entry)) if isinstance(entry, str) else None
        if link is not None and link.title:
            found.append(link)
    return tuple(found)


def _blocks(body: str) -> list[Block]:
    """Return the blocks of the Markdown *body*: text only, links beside it, raw HTML and code left out."""
    if body.count("[") > MOST_BRACKETS:
        raise BadArticle(f"the text has more than {MOST_BRACKETS:,} square brackets; it is no article")
    parser = MarkdownIt("commonmark", {"maxNesting": DEEPEST})
    # Else a link that leads nowhere safe would stay in the text with its brackets; `http_url` judges addresses here.
    parser.validateLink = _any_address  # type: ignore[assignment, method-assign]
    try:
        tokens = parser.parse(body)
    except (RecursionError, ValueError, IndexError) as wrong:
        raise BadArticle(f"the text cannot be read as Markdown: {clean_line(str(wrong))[:120]}") from None
    blocks: list[Block] = []
    shape, in_list = Shape.PARAGRAPH, 0
    for token in tokens:
        if token.type == "heading_open":
            shape = Shape.HEADING
        elif token.type == "heading_close":
            shape = Shape.PARAGRAPH
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            in_list += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            in_list -= 1
        elif token.type == "inline":
            kind = shape if shape is Shape.HEADING or not in_list else Shape.ITEM
            blocks.extend(_inline(token.children or [], kind))
    return blocks


def _any_address(_url: str) -> bool:
    return True


def _inline(children: Sequence[Any], shape: Shape) -> Iterable[Block]:
    """Return the blocks of one inline run; a hard line break begins a new one."""
    pieces: list[str] = []
    links: list[RelatedLink] = []
    href, linked = "", list[str]()
    for child in children:
        if child.type == "link_open":
            href, linked = http_url(str(child.attrGet("href") or "")), []
        elif child.type == "link_close":
            title = clean_line("".join(linked))
            if href and title:
                links.append(RelatedLink(title, href))
            href = ""
        elif child.type in ("text", "code_inline"):
            pieces.append(child.content)
            linked.append(child.content)
        elif child.type == "softbreak":
            pieces.append(" ")
            linked.append(" ")
        elif child.type == "hardbreak":
            yield from _block(pieces, links, shape)
            pieces, links = [], []
    yield from _block(pieces, links, shape)


def _block(pieces: Sequence[str], links: Sequence[RelatedLink], shape: Shape) -> Iterable[Block]:
    text = clean_line("".join(pieces))
    if text:
        yield Block(text, shape, tuple(links))

"""Which features of HTML and CSS a page uses, by their names at caniemail.com, and the line where each is first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from digest.rendering.lint.page import Page

_LONGEST = 200_000  # characters of style sheets that are read
_COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_AT = re.compile(r"@([a-z-]+)([^{;]{0,500})", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,2000})\{([^{}]*)\}")
_PSEUDO = re.compile(r"(::?)([a-z-]+)", re.IGNORECASE)
_UNIT = re.compile(r"\d(px|pt|pc|em|rem|ex|ch|cm|mm|in|vh|vw|vmin|vmax|%)(?![\w-])")
_FUNCTION = re.compile(r"(?<![\w-])([a-z-]{1,30})\(")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|\burl\([^)]*\)")

_ELEMENTS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "li", "dl", "dt", "dd"), "html-lists"),
    **dict.fromkeys(("article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav",
                     "section", "summary", "time"), "html-semantics"),
    **dict.fromkeys(("map", "area"), "html-image-maps"),
    **dict.fromkeys(("b", "strong"), "html-strong"),
    "s": "html-strike", "strike": "html-strike",
}  # fmt: skip
_ATTRIBUTES = (
    "align", "background", "cellpadding", "cellspacing", "dir", "height", "hidden", "lang", "required", "role",
    "srcset", "target", "valign", "width", "popover", "aria-describedby", "aria-hidden", "aria-label",
    "aria-labelledby", "aria-live",
)  # fmt: skip
_SIDES = re.compile(r"(margin|padding|border)-(?:top|right|bottom|left)(?:-(?:width|style|color))?")
_LOGICAL = re.compile(r"(margin|padding|border)-(inline|block)(-start|-end)?(-width|-style|-color)?")
_FAMILIES = (
    (re.compile(r"border-(?:start|end)-(?:start|end)-radius"), "css-border-radius-logical"),
    (re.compile(r"border-[a-z]+-[a-z]+-radius"), "css-border-radius"),
    (re.compile(r"border-(?:width|style|color)"), "css-border"),
    (re.compile(r"border-image.*"), "css-border-image"),
    (re.compile(r"(?:left|right|top|bottom)"), "css-left-right-top-bottom"),
    (re.compile(r"column(?:s|-(?!count).*)"), "css-column-layout-properties"),
    (re.compile(r"grid-template.*"), "css-grid-template"),
    (re.compile(r"mask(?:-image)?"), "css-mask-image"),
    (re.compile(r"overflow-[xy]"), "css-overflow"),
    (re.compile(r"scroll-snap-.*"), "css-scroll-snap"),
    (re.compile(r"outline-(?:width|style|color)"), "css-outline"),
    (re.compile(r"inset-.*"), "css-inset"),
)
_FUNCTIONS = {
    "var": "css-variables", "calc": "css-unit-calc", "clamp": "css-function-clamp", "max": "css-function-max",
    "min": "css-function-min", "light-dark": "css-function-light-dark", "rgb": "css-rgb", "rgba": "css-rgba",
    "linear-gradient": "css-linear-gradient", "radial-gradient": "css-radial-gradient",
    "conic-gradient": "css-conic-gradient", "oklch": "css-modern-color", "lch": "css-modern-color",
    "lab": "css-modern-color", "oklab": "css-modern-color", "hwb": "css-modern-color", "color": "css-modern-color",
}  # fmt: skip
_MEDIA = ("prefers-color-scheme", "prefers-reduced-motion", "hover", "orientation", "device-pixel-ratio")
_SELECTORS = (
    ("css-selector-class", re.compile(r"\.[a-z_]", re.IGNORECASE)),
    ("css-selector-id", re.compile(r"#[a-z_]", re.IGNORECASE)),
    ("css-selector-attribute", re.compile(r"\[")),
    ("css-selector-child", re.compile(r">")),
    ("css-selector-adjacent-sibling", re.compile(r"\+")),
    ("css-selector-general-sibling", re.compile(r"~")),
    ("css-selector-grouping", re.compile(r",")),
    ("css-selector-descendant", re.compile(r"[\w)\]*]\s+[\w.#\[:*]")),
    ("css-selector-universal", re.compile(r"\*")),
    ("css-selector-chaining", re.compile(r"[\w-][.#][a-z_]", re.IGNORECASE)),
    ("css-selector-type", re.compile(r"(?:^|[\s,>+~])[a-z]", re.IGNORECASE)),
)
_PICTURE = re.compile(r"\.(apng|avif|bmp|gif|heif|ico|jpe?g|mp4|png|svg|tiff?|webp)(?:[?#]|$)", re.IGNORECASE)
_SAME_PICTURE = {"jpeg": "jpg", "tif": "tiff"}


def features_in(page: Page) -> dict[str, int]:
    """Return feature -> line in the HTML, 0 where it is not known; names that caniemail may not have are among them."""
    found: dict[str, int] = {}
    for element in page.elements:
        for name in _of_element(element):
            found.setdefault(name, int(element.sourceline or 0))
    sheet = page.sheet[:_LONGEST]
    for name in _of_sheet(sheet):
        found.setdefault(name, 0)
    if "<!--" in page.html:
        found.setdefault("html-comments", 0)
    return found


def _of_element(element: HtmlElement) -> Iterator[str]:
    tag = str(element.tag).lower()
    kind = (element.get("type") or "").lower()
    yield f"html-{tag}-{kind}" if tag in ("input", "button") else _ELEMENTS.get(tag, f"html-{tag}")
    for name in _ATTRIBUTES:
        if name in element.attrib:
            yield f"html-{name}"
    if "loading" in element.attrib:
        yield "html-loading-attribute"
    if tag == "meta" and (element.get("name") or "").lower() in ("color-scheme", "supported-color-schemes"):
        yield "html-meta-color-scheme"
    if tag == "a":
        address = (element.get("href") or "").strip().lower()
        if address.startswith(("mailto:", "#")):
            yield "html-mailto-links" if address[0] == "m" else "html-anchor-links"
    if tag == "img":
        yield from _of_picture(element.get("src") or "")
    if text := element.get("style"):
        yield from _of_declarations(text[:20_000])


def _of_picture(address: str) -> Iterator[str]:
    if address.startswith("data:"):
        yield "image-base64"
    elif found := _PICTURE.search(address):
        kind = found[1].lower()
        yield f"image-{_SAME_PICTURE.get(kind, kind)}"


def _of_sheet(sheet: str) -> Iterator[str]:
    if "/*" in sheet:
        yield "css-comments"
    bare = _COMMENT.sub(" ", sheet)
    for name, condition in _AT.findall(bare):
        yield f"css-at-{name.lower()}"
        if name.lower() == "media":
            yield from (f"css-at-media-{each}" for each in _MEDIA if each in condition.lower())
    for prelude, block in _RULE.findall(bare):
        if "@" not in prelude:
            yield from _of_selectors(prelude.strip())
        yield from _of_declarations(block)


def _of_selectors(text: str) -> Iterator[str]:
    yield from (name for name, mark in _SELECTORS if mark.search(text))
    for colons, name in _PSEUDO.findall(text):
        is_element = colons == "::" or name in ("before", "after", "first-letter", "first-line")
        yield f"css-pseudo-{'element' if is_element else 'class'}-{name.lower()}"


def _of_declarations(text: str) -> Iterator[str]:
    for declaration in _QUOTED.sub(" url ", text).split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip().lower()
        if not colon or not name or name.startswith("mso-"):
            continue
        if name.startswith("--"):
            yield "css-variables"
            continue
        yield from _of_property(name, value)
        if "!important" in value:
            yield "css-important"
        if value.startswith("initial"):
            yield "css-unit-initial"
        for unit in _UNIT.findall(value):
            yield "css-unit-percent" if unit == "%" else f"css-unit-{unit}"
        yield from (_FUNCTIONS[each] for each in _FUNCTION.findall(value) if each in _FUNCTIONS)
        if re.search(r"(?:min|max|fit)-content", value):
            yield "css-intrinsic-size"


def _of_property(name: str, value: str) -> Iterator[str]:
    if name == "display":
        kind = re.match(r"(?:inline-)?(flex|grid)|none", value)
        yield f"css-display-{kind[1] or 'none'}" if kind else "css-display"
    elif found := _SIDES.fullmatch(name):
        yield f"css-{found[1]}"
    elif found := _LOGICAL.fullmatch(name):
        yield from _logical(found)
    else:
        yield next((slug for pattern, slug in _FAMILIES if pattern.fullmatch(name)), f"css-{name}")


def _logical(found: re.Match[str]) -> Iterator[str]:
    what, axis, end, longhand = found.groups()
    if what == "border":
        kind = "-longhand" if longhand else "-individual" if end else ""
        yield f"css-border-inline-block{kind}"
    else:
        yield f"css-{what}-{axis}-start-end" if end else f"css-{what}-inline-block"

"""The picture of an article: one that can be shown in mail, as its source names it or as its text shows it."""

from __future__ import annotations

from typing import Any

from digest.collection.clean import clean_line
from digest.collection.html_blocks import is_hidden
from digest.collection.links import http_url
from digest.model.article import Image

# In CSS pixels: what is smaller is a badge, a portrait of the author or a counter.
NARROWEST = 200
LOWEST = 100
LONGEST_ALT = 500
_ELSEWHERE = frozenset({"nav", "aside", "footer", "form", "noscript", "template"})


def make_image(url: str, width: object, height: object, alt: str) -> Image | None:
    """Return the image when it can be shown in mail: https, both sizes and alternative text known; else None."""
    sizes = []
    for raw in (width, height):
        digits = str(raw).strip().removesuffix("px") if isinstance(raw, int | str) else ""
        sizes.append(int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 5 else 0)
    if not url.startswith("https://") or not all(sizes) or not alt:
        return None
    return Image(url, sizes[0], sizes[1], alt)


def first_picture(root: Any, base: str = "") -> Image | None:
    """Return the first <img> under *root* that can be shown in mail and is large enough to be the article's own."""
    for element in root.iter("img"):
        alt = clean_line((element.get("alt") or "")[:LONGEST_ALT])
        image = make_image(http_url(element.get("src"), base), element.get("width"), element.get("height"), alt)
        if image and image.width >= NARROWEST and image.height >= LOWEST and not _is_elsewhere(element):
            return image
    return None


def _is_elsewhere(element: Any) -> bool:
    """Whether *element* stands beside the article, or is not shown."""
    around = [element, *element.iterancestors()]
    return any(each.tag in _ELSEWHERE or is_hidden(each) for each in around)

"""Move the style sheet of an HTML document into style attributes: the door to premailer.

premailer costs milliseconds, so it sees a document once per pool and locale, never once per reader, and never
Jinja source (it would percent-encode it).
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any, Protocol

from premailer import Premailer

_SETTINGS: dict[str, Any] = {
    "keep_style_tags": False,  # @media rules stay even so; the rest is in the elements by then
    "strip_important": False,
    "remove_classes": False,
    "allow_network": False,
    # width and height from CSS would overwrite the numbers that Outlook needs in the attributes.
    "disable_basic_attributes": ["width", "height"],
    "align_floating_images": False,
    "disable_validation": True,  # a second for what is not told to anybody: unknown properties are kept either way
    "cssutils_logging_level": logging.CRITICAL,
}
_COLOURED = frozenset({"body", "table", "tr", "td", "th", "thead", "tbody", "tfoot"})


class Inliner(Protocol):
    """Takes a whole HTML document and returns it with its styles in the elements."""

    def inline(self, html: str) -> str:
        """Return *html* inlined; comments, URLs and text are kept."""
        ...


class _Premailer(Premailer):  # type: ignore[misc]  # it publishes no types
    """premailer that reads a style sheet once, and writes what is left of it once: all documents have the same one.

    Both take ten times as long as applying it. What is overridden is not public, so tests hold that it is still
    called, and that the answers depend on nothing but the arguments.
    """

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
        rules, leftover = _rules_of(css_body, ruleset_index)
        return list(rules), list(leftover)

    def _css_rules_to_string(self, rules: list[Any]) -> str:
        return _written(tuple(rules))

    def _style_to_basic_html_attributes(self, element: Any, style_content: str, force: bool = False) -> None:
        """Leave out what no element of that name may have: old programs know bgcolor of tables, not of a <div>."""
        super()._style_to_basic_html_attributes(element, style_content, force)
        if element.tag not in _COLOURED:
            element.attrib.pop("bgcolor", None)


@lru_cache(maxsize=64)
def _rules_of(css_body: str, ruleset_index: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    reader = Premailer("<p></p>", **_SETTINGS)
    rules, leftover = reader._parse_style_rules(css_body, ruleset_index)
    return tuple(rules), tuple(leftover)


@lru_cache(maxsize=64)
def _written(rules: tuple[Any, ...]) -> str:
    return str(Premailer("<p></p>", **_SETTINGS)._css_rules_to_string(list(rules)))


class PremailerInliner:
    """premailer with what mail needs: @media and dark mode stay in <style>, nothing is fetched."""

    def inline(self, html: str) -> str:
        """Return *html* inlined; it ends with a line break."""
        return str(_Premailer(html, **_SETTINGS).transform(pretty_print=False)).rstrip("\n") + "\n"

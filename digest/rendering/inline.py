"""Move the style sheet of an HTML document into style attributes: the door to premailer.

premailer costs milliseconds, so it sees a document once per pool and locale, never once per reader, and never
Jinja source (it would percent-encode it).
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any, Protocol

from premailer import Premailer

from digest.errors import BadTemplate

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
MOST_RULES = 500  #: of a style sheet; each costs a millisecond and more
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style", re.DOTALL | re.IGNORECASE)
# Comments and strings, in which braces mean nothing.
_APART = re.compile(r"/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)
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
        """Return *html* inlined; it ends with a line break. Raises BadTemplate for what cannot be."""
        for sheet in _STYLE.findall(html):
            _check_sheet(sheet)
        try:
            return _transformed(html)
        except Exception as wrong:  # of three libraries for what editors write, none of them ours
            raise BadTemplate(f"the styles cannot be put into the elements: {str(wrong)[:200]}") from wrong


def _check_sheet(sheet: str) -> None:
    """Raise BadTemplate for a style sheet that is broken off, or would take seconds to read."""
    bare = _APART.sub("", sheet)
    opened, closed = bare.count("{"), bare.count("}")
    if opened != closed or "/*" in bare:
        what = "a comment is not closed" if "/*" in bare else f"{opened} {{ and {closed} }}"
        raise BadTemplate(f"the style sheet is broken: {what}")
    if opened > MOST_RULES:
        raise BadTemplate(f"a style sheet has at most {MOST_RULES} rules here, not {opened:,}")


def _transformed(html: str) -> str:
    return str(_Premailer(html, **_SETTINGS).transform(pretty_print=False)).rstrip("\n") + "\n"

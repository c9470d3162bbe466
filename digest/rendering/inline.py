"""Move the style sheet of an HTML document into style attributes: the door to premailer.

premailer costs milliseconds, so it sees a document once per pool and locale, never once per reader, and never
Jinja source (it would percent-encode it).
"""

from __future__ import annotations

import logging
from typing import Protocol

from premailer import Premailer


class Inliner(Protocol):
    """Takes a whole HTML document and returns it with its styles in the elements."""

    def inline(self, html: str) -> str:
        """Return *html* inlined; comments, URLs and text are kept."""
        ...


class PremailerInliner:
    """premailer with what mail needs: @media and dark mode stay in <style>, nothing is fetched."""

    def inline(self, html: str) -> str:
        """Return *html* inlined; it ends with a line break."""
        premailer = Premailer(
            html,
            keep_style_tags=True,
            strip_important=False,
            remove_classes=False,
            allow_network=False,
            # width and height from CSS would overwrite the numbers that Outlook needs in the attributes.
            disable_basic_attributes=["width", "height"],
            align_floating_images=False,
            cssutils_logging_level=logging.CRITICAL,
        )
        return str(premailer.transform(pretty_print=False)).rstrip("\n") + "\n"

"""The material and the show of `digest demo`: sample articles, a mail catcher, pages of what was caught."""

from __future__ import annotations

from pathlib import Path

#: The sample articles, plain-text article pages with the two header lines `URL:` and `Published:`.
ARTICLES = Path(__file__).parent / "articles"

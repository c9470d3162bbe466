"""Article pages as people copy them: with everything that the site puts around the article, in many languages.

Each file of `copied/` says first what is expected (`@title …`), then has the page below a line `---`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.collection.plaintext import read_plaintext

COPIED = sorted(Path(__file__).with_name("copied").glob("*.txt"))


def several(text: str) -> list[str]:
    return [each.strip() for each in text.split("||") if each.strip()]


@pytest.mark.parametrize("path", COPIED, ids=[path.stem for path in COPIED])
def test_a_page_copied_with_its_furniture_gives_the_article_alone(path: Path) -> None:
    """Title, deck, date, first and last paragraph, disclaimer and related entries are found; nothing else is kept."""
    head, page = path.read_text("utf-8").split("\n---\n", 1)
    expected = {name: rest.strip() for name, _, rest in (line[1:].partition(" ") for line in head.splitlines())}

    article = read_plaintext(page, now=datetime(2026, 11, 23, tzinfo=UTC))

    paragraphs = [text for section in article.sections for text in section.paragraphs]
    dated = article.published_at.date().isoformat() if article.published_at else ""
    assert (article.title, article.deck, dated) == (expected["title"], expected["deck"], expected["date"])
    assert paragraphs[0].startswith(expected["first"])
    assert expected["last"] in paragraphs[-1]
    assert expected["disclaimer"].strip("-") in article.disclaimer
    assert bool(article.disclaimer) == (expected["disclaimer"] != "-")
    assert [entry.title for entry in article.related] == several(expected["related"])
    headings = [section.heading for section in article.sections]
    whole = "\n".join([article.title, article.deck, *headings, *paragraphs, article.disclaimer]).lower()
    assert [words for words in several(expected["not"]) if words.lower() in whole] == []

"""Markdown with front matter."""

from datetime import UTC, datetime

import pytest

from digest.collection.markdown import read_markdown
from digest.errors import BadArticle
from digest.model.article import Image, RelatedLink
from tests.collection.pages import PAGES

FRONT = """---
title: "Harbour towns: a bet on tides"
deck: Three councils share a turbine field.
lang: en_GB
date: 2026-11-20T08:00:00+01:00
canonical: https://example.org/tides
tags: [energy, towns]
image: {url: https://example.org/q.jpg, width: 1200, height: 600, alt: A quay}
ai_generated: yes
disclaimer: Written by a machine, read by an editor.
related:
  - A yard that welds frames — https://example.org/yard
  - {title: Grid reserves are thin, url: "javascript:alert(1)"}
author: Ada Quill
id: tides-1
---
# Harbour towns: a bet on tides

The tide ran **hard** past an [empty](https://example.net) quay, `again`
and again.

## A bill

> Nobody wanted it.

1. Nobody paid.
   Nobody will.

<script>alert(1)</script>

```
code is no article
```
"""


def test_front_matter_tells_everything_about_the_article():
    """Keys as editors write them; text without markup."""
    article = read_markdown(FRONT)

    assert article.title == "Harbour towns: a bet on tides"
    assert article.deck == "Three councils share a turbine field."
    assert article.language == "en-GB"
    assert article.published_at == datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert (article.url, article.guid, article.author) == ("https://example.org/tides", "tides-1", "Ada Quill")
    assert article.topics == ("energy", "towns")
    assert article.image == Image("https://example.org/q.jpg", 1200, 600, "A quay")
    assert (article.ai_generated, article.disclaimer) == (True, "Written by a machine, read by an editor.")
    assert article.related == (
        RelatedLink("A yard that welds frames", "https://example.org/yard"),
        RelatedLink("Grid reserves are thin"),
    )
    assert [(section.heading, section.paragraphs) for section in article.sections] == [
        ("", ("The tide ran hard past an empty quay, again and again.",)),
        ("A bill", ("Nobody wanted it.", "Nobody paid. Nobody will.")),
    ]


def test_toml_front_matter_is_read_as_well():
    """Between +++ lines, with real dates and flags."""
    article = read_markdown(
        '+++\ntitle = "No"\ndate = 2026-11-20\ntopics = ["a"]\nai_generated = false\n+++\nA text about nothing.'
    )

    assert (article.title, article.topics, article.ai_generated) == ("No", ("a",), False)
    assert article.published_at == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("word", ["No", "2026", "1e3", "0x10", "null", "2026-11-20"])
def test_a_title_stays_the_word_it_was_written_as(word):
    """YAML would read some titles as flags, numbers and dates."""
    assert read_markdown(f"---\ntitle: {word}\n---\nA text.").title == word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.language)
def test_the_parts_of_a_page_are_found_in_markdown_too(page):
    """Disclaimer, related list and furniture by the same markers as in plain text."""
    body = [f"# {page.title}", *page.opening]
    for heading, texts in page.sections:
        body += [f"## {heading}", *texts]
    body += [
        f"*{page.disclaimer}*",
        f"### {page.related_heading}",
        "\n".join(f"- {title}" for title in page.related),
        *page.furniture,
    ]

    article = read_markdown("\n\n".join(body))

    assert article.title == page.title
    assert [(section.heading, section.paragraphs) for section in article.sections] == page.body
    assert article.disclaimer == page.disclaimer
    assert tuple(entry.title for entry in article.related) == page.related
    assert (article.language, article.ai_generated) == (page.language, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no title"),
        ("A paragraph only.", "no title"),
        ("# Title", "nothing under"),
        ("---\ntitle: T\n---\n", "nothing under"),
        ("---\ntitle: [\n---\nText.", "not YAML"),
        ("---\nauthor: A\ntitle: Trade: a truce\n---\nText.", "^line 3: the front matter is not YAML: .*in quotes$"),
        ("\n---\r\ntitle: [a\r\nlanguage: en\r\n---\r\nText.", "^line 3: the front matter is not YAML"),
        ('+++\nauthor = "A"\ntitle = Truce\n+++\nText.', "^line 3: the front matter is not TOML: Invalid value; put texts"),
        ("---\ntitle: T\n\nText.", "never closed; write ---"),
        ('+++\nurl = "u"\ntitle = "T"\n\nText.', "never closed; write \\+\\+\\+"),
        ("---\na: &x [1]\nb: *x\n---\nText.", "aliases"),
        ("---\na: " + "[" * 500 + "\n---\nText.", "nests"),
        ("---\n" + "- " * 8000 + "\n---\nText.", "not YAML"),
        ("+++\na =\n+++\nText.", "not TOML"),
        ("+++\na = " + "[" * 9000 + "\n+++\nText.", "not TOML"),
        ("---\n" + "a: b\n" * 9000 + "---\nText.", "32 KB"),
        ("# T\n\n" + "![a](" * 6000, "square brackets"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(text, reason):
    """One clear line."""
    with pytest.raises(BadArticle, match=reason):
        read_markdown(text)


def test_a_link_that_leads_nowhere_safe_leaves_its_words():
    """No brackets, no address: the reader sees a sentence."""
    article = read_markdown("---\ntitle: T\n...\nRead [the paper](javascript:alert(1)) and [more](data:text/html,x).")

    assert article.text == "Read the paper and more."


def test_a_rule_at_the_top_is_no_front_matter():
    """Three hyphens also draw a line."""
    assert read_markdown("---\n\n# Title\n\nA text.\n\n---\n\nMore text.").title == "Title"

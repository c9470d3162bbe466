"""What tests of collecting share: files and feeds to be read, and what was stored of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from digest.store.articles import list_articles
from digest.store.engine import reading

PAGE = "Harbour Opens Again\n\nShips wait no longer.\n\nThe first ferry left at noon, and the crews were glad of it.\n"
WORDS = " ".join(f"Ferry {number} left the harbour at noon with two hundred on board." for number in range(8))


def write(folder, name, text, *, age=timedelta(0)):
    """Write a file; with *age* its time of writing lies that far back."""
    path = folder / name
    path.write_text(text, "utf-8")
    if age:
        written = (datetime.now(UTC) - age).timestamp()
        os.utime(path, (written, written))
    return path


def rss(*entries):
    """Return a feed of (title, link, guid, text)."""
    items = "".join(
        f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid>"
        f"<description>{text}</description></item>"
        for title, link, guid, text in entries
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>News</title>{items}</channel></rss>".encode()


def stored(house):
    with reading(house.engine) as connection:
        return list(list_articles(connection))


def state_of(house, slug="newsroom"):
    """Return (last_error, etag, next visit, last visit) of a source."""
    (row,) = house.rows("SELECT last_error, etag, next_visit_at, last_visit_at FROM sources WHERE slug = :s", s=slug)
    return row

"""One morning's mail as it came over a socket, hostile articles and all, breaks no rule of lint."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from digest.rendering.lint.rules import lint
from tests.journeys.post import Post

#: Newsletters whose names, addresses or articles are such that a warning is right.
ODD = ("hostile-", "emoji", "utf8-taken", "long-urls")


def test_what_was_sent_has_no_error(post: Post) -> None:
    """Whatever the articles hold."""
    now = post.house.clock.now() + timedelta(minutes=1)
    wrong = Counter(
        (slug.rstrip("0123456789"), each.rule, each.remark.what)
        for slug, mails in post.mails.items()
        for mail in mails
        for each in lint(mail.content, now=now)
        if each.remark.level == "error" or not slug.startswith(ODD)
    )

    found = {(slug, rule): what for slug, rule, what in wrong if rule != "L3"}
    assert set(found) == {("many", "H1")}  # 200 articles fill the mail

"""`digest correct` as a person runs it, by the real program over real SMTP."""

from __future__ import annotations

import email
import email.policy

import pytest

from tests.cli.program import HEADER, NEWSLETTERS, TARIFF, noon_zone


@pytest.fixture(scope="module")
def told(program, catcher):
    """Send an edition, then correct it; give name -> what the command told."""
    program.configure(catcher.smtp_url)
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("tariff.txt", TARIFF)
    program.write("readers.csv", f"{HEADER}ada@example.org,Ada,{noon_zone()},trade,06:00\n")
    program.run("init")
    program.run("newsletters", "apply", "newsletters.toml")
    program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")
    program.run("articles", "add", "tariff.txt")
    first = program.run("send", "daily", "--everyone", "--json")
    assert first.status == 0, first.err
    (edition,) = first.json["editions"]
    seen = {"edition": edition}
    for name, *more in (
        ("rehearsed", "--dry-run"),
        ("sent", "--stop", "--json"),
        ("again",),
        ("typo", "--template", "no"),
    ):
        seen[name] = program.run("correct", edition, "--template", "correction", *more)
    seen["mails"] = [email.message_from_bytes(each.content, policy=email.policy.default) for each in catcher.messages]
    return seen


def test_a_rehearsed_correction_says_whom_it_would_reach(told):
    """The first line; the subject stands below."""
    assert (told["rehearsed"].status, told["rehearsed"].err) == (0, "")
    assert told["rehearsed"].out.startswith(f"{told['edition']}+correction: 1 reader would get a mail.")


def test_a_correction_is_told_like_a_send(told):
    """With the same names in JSON; run again there is nothing to send."""
    result = told["sent"].json

    assert (told["sent"].status, result["planned"], result["sent"]) == (0, 1, 1)
    assert result["editions"] == [f"{told['edition']}+correction"]
    assert (told["again"].status, told["again"].out) == (0, "daily: nothing to send.\n")
    assert [mail["Subject"].startswith("Correction: ") for mail in told["mails"]] == [False, True]


def test_a_template_that_is_not_there_is_named(told):
    """Status 1, and nothing was sent."""
    assert told["typo"].status == 1
    assert "there is no mail template 'no'" in told["typo"].err

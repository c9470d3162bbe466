"""Every shipped mail is as providers ask, in every language."""

from __future__ import annotations

import re

import pytest

from tests.rendering.lint.clean import LETTERS, LOCALES, TEMPLATES, found, letter, mail, shipped


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_of_a_shipped_template_breaks_no_rule(template: str, locale: str) -> None:
    """Neither error nor warning, but that nobody has signed it yet."""
    findings = found(shipped(template, locale))

    assert [(each.rule, each.remark.what) for each in findings] == [("L3", "no DKIM signature is in it yet")]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template", LETTERS)
def test_a_letter_breaks_no_rule(template: str, locale: str) -> None:
    """Who is only asked has no preferences yet."""
    assert {each.rule for each in found(letter(template, locale))} == {"L3", "L19"}


def test_the_mail_that_other_tests_spoil_is_clean() -> None:
    """What they find is what they spoilt."""
    assert found(mail()) == []


def test_a_mail_saved_with_the_line_ends_of_a_file_is_the_same_mail() -> None:
    """LF or CRLF, with or without the first line of an mbox or a byte order mark."""
    saved = mail().replace(b"\r\n", b"\n")

    for raw in (saved, b"From courier Mon Nov 23 06:30:00 2026\n" + saved, b"\xef\xbb\xbf" + saved):
        assert found(raw) == []


def test_a_finding_tells_the_line() -> None:
    """In the file for a header, in the decoded part for HTML."""
    raw = mail(
        head=lambda head: head.replace("Subject: ", "Subject: Re: "),
        html=lambda html: html.replace("<h2 ", '<h2 onclick="go()" ', 1),
    )

    by_rule = {each.rule: each.remark.place for each in found(raw)}
    lines = raw.decode("ascii").split("\r\n")
    assert by_rule["M15"].header == "Subject"
    assert lines[by_rule["M15"].line - 1].startswith("Subject: Re: ")
    assert by_rule["H15"].part == "html"
    assert re.search(r"\d", str(by_rule["H15"]))

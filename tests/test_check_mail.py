"""What programs of others say of our mails: the quick one here, all of them in scripts/check-mail."""

from __future__ import annotations

import shutil

import pytest

from scripts.check_mail import spamassassin
from tests.rendering.lint.clean import LETTERS, letter, shipped

LANGUAGES = ("ar",)


@pytest.mark.skipif(shutil.which("spamassassin") is None, reason="SpamAssassin is not installed (Debian: spamassassin)")
def test_spamassassin_has_nothing_against_our_mails(tmp_path):
    """At most half a point, and no rule but those that say nothing; a mail that asks for it is told."""
    mails = {f"digest.{each}": shipped("digest", each) for each in LANGUAGES}
    mails[LETTERS[0]] = letter(LETTERS[0], "en")
    mails["spam"] = shipped("digest", "en").replace(b"Message-ID: ", b"X-Message-ID: ")
    for name, raw in mails.items():
        (tmp_path / f"{name}.eml").write_bytes(raw)

    told = spamassassin(tmp_path, list(mails))
    assert [each.partition(":")[0] for each in told.wrong] == ["spam"]

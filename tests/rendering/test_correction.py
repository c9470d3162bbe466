"""The shipped mail for corrections: the digest with a note at the top, and a subject that says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.rendering.check import check_template
from digest.rendering.headers import constant_headers
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Press
from digest.rendering.splice import ReaderValues, Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.views import CardView, Frame
from digest.shipped import shipped_folder
from tests.house import MONDAY

MAILS = shipped_folder("templates") / "email"
FRAME = Frame("The Paper", "The Press", "press@example.org", "daily.example.org", ("1 Example Street",))
DATE = "Wednesday, 23 September 2026"
ANNA = ReaderValues(
    name="Anna",
    address="anna@example.org",
    unsubscribe_url="https://news.example.org/u/1",
    preferences_url="https://news.example.org/p/1",
    view_url="https://news.example.org/v/1",
    message_id="<1@example.org>",
    date=FixedClock(MONDAY).now(),
)


def mail(folder: Path, name: str, locale: str = "en", title: str = "Tariffs rise") -> tuple[str, str, str]:
    """Return subject, text and HTML of a mail of one article, of the 23rd of September."""
    press = Press(TemplateSet.load(folder, name), FRAME, locale)
    composed = press.compose(DigestParts(tuple(map(CardChoice, press.add_cards([CardView(title=title)]))), DATE))
    splicer = Splicer(
        composed.layout, composed.pieces, constant_headers(FRAME, composed.subject, composed.layout.boundary)
    )
    return composed.subject, splicer.text(ANNA), splicer.html(ANNA)


@pytest.mark.parametrize(
    ("locale", "word"), [("en", "Correction"), ("de", "Korrektur"), ("ja", "訂正"), ("ko", "정정"), ("ar", "تصحيح")]
)
def test_a_reader_sees_at_once_that_the_mail_corrects_one_and_of_which_day(locale: str, word: str):
    """In the subject and above the greeting, in their language."""
    subject, text, html = mail(MAILS, "correction", locale)
    line = next(line.rstrip() for line in text.splitlines() if word in line)

    assert word in subject
    assert DATE in line
    assert len(line) <= 72
    assert html.index(word) < html.index("Anna")
    assert DATE in html[html.index(word) :][:300]


def test_an_ordinary_digest_has_no_such_note():
    """Its folder has no `note.html`, and none is asked for."""
    assert "Correction" not in "".join(mail(MAILS, "digest"))


def test_the_subject_of_a_correction_fits_whatever_the_title_is():
    """At most some 75 characters in English, cut between words."""
    subject, *_ = mail(MAILS, "correction", title="Tariffs rise again " * 8)

    assert subject.startswith("Correction: Tariffs rise")
    assert subject.endswith(("again…", "Tariffs…", "rise…"))
    assert len(subject) <= 75


def test_the_correction_passes_the_check_that_editors_templates_must_pass():
    """Spliced and whole are the same tree."""
    assert check_template(MAILS, "correction") == []


def test_a_template_of_one_file_takes_the_others_from_the_digest(tmp_path: Path):
    """An editor's own correction may be a subject and nothing else."""
    shutil.copytree(MAILS / "digest", tmp_path / "digest")
    (tmp_path / "sorry").mkdir()
    (tmp_path / "sorry" / "subject.txt").write_text("We are sorry: {{ digest.titles[0] }}")

    assert check_template(tmp_path, "sorry") == []
    assert mail(tmp_path, "sorry")[0] == "We are sorry: Tariffs rise"
    assert mail(tmp_path, "sorry")[1:] == mail(MAILS, "digest")[1:]

"""Editors write templates: drafts go nowhere, broken ones are never published, what is published is what mails are."""

from __future__ import annotations

import io
import zipfile
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import BadTemplate, NotFound
from digest.model.newsletter import ApprovalRule, CutOff
from digest.model.template import VersionState
from digest.pipeline.editing.edit_templates import list_mails, problems_of, publish, restore, save_draft, version_of
from digest.pipeline.editing.line_diff import diff_files
from digest.pipeline.editing.template_archive import pack_files, unpack_files
from digest.pipeline.planning.approve import approve_edition, standing_of
from digest.pipeline.previewing.preview import preview
from digest.rendering.templates import read_folder
from digest.store.engine import reading
from tests.house import House

ANNA = "anna@example.org"
MINI = dict(read_folder(Path(__file__).parents[1] / "rendering" / "templates" / "mini"))
MINI["shell.html"] = MINI["shell.html"].replace("color: #eeeeee", "color: #111111")  # lint wants it readable


@pytest.fixture
def plain(house: House) -> House:
    """Give an installation with a newsletter whose mails are of a small kind, which editors wrote."""
    publish(
        house.installation, "plain", save_draft(house.installation, "plain", MINI, based_on=0, by="mina"), by="mina"
    )
    house.newsletter(template="plain", approval=ApprovalRule.ONE, cut_off=CutOff(at=time(5, 0)))
    house.article("trade", "Tariff on rope", at=house.clock.now() - timedelta(hours=3))
    house.reader(ANNA)
    house.move(hours=2)
    return house


def written(house: House, file: str, old: str, new: str) -> int:
    """Save a draft of the small mail in which *old* is *new*; return its number."""
    assert old in MINI[file]
    return save_draft(house.installation, "plain", {**MINI, file: MINI[file].replace(old, new)}, based_on=1, by="mina")


def test_a_draft_is_in_no_mail_until_it_is_published(plain: House) -> None:
    """And from then on in every mail that is planned; the approval of what was looked at is taken back."""
    number, now = written(plain, "subject.txt", "{{", "Hello: {{"), plain.clock.now()
    plain.plan(at=now)
    before = preview(plain.installation, "daily", ANNA, at=now).made.subject
    approved = approve_edition(plain.installation, "daily/2026-11-23", by="ben")

    publish(plain.installation, "plain", number, by="mina")

    after = preview(plain.installation, "daily", ANNA, at=now).made.subject
    standing = standing_of(plain.installation, "daily/2026-11-23")
    assert not before.startswith("Hello")
    assert after == f"Hello: {before}"
    assert approved.approval is not None
    assert standing.approval is None
    assert "template plain was published" in standing.approvals[0].withdrawn_because
    assert standing.pool_hash != approved.approvals[0].pool_hash
    assert plain.states() == {ANNA: "ready"}
    acts = [row[0] for row in plain.rows("SELECT action FROM audit WHERE target LIKE 'template%' ORDER BY id")]
    assert acts == ["template.save", "template.publish", "template.save", "template.publish"]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        pytest.param("shell.html", "hole.cards", "hole.", "shell.html, line", id="syntax"),
        pytest.param("card.html", "article.title", "article.tilte", "tilte", id="a-name-that-is-none"),
        pytest.param("shell.txt", "slot.unsubscribe_url", "slot.view_url", "L9", id="no-way-out-in-the-text-part"),
        pytest.param("card.html", "article.title", "'x' * 99999999999", "card.html", id="too-much"),
    ],
)
def test_what_would_break_a_mail_is_kept_and_never_published(
    plain: House, file: str, old: str, new: str, told: str
) -> None:
    """Syntax, unknown names, what lint calls an error; the version before stays what mails are made with."""
    number = written(plain, file, old, new)

    with pytest.raises(BadTemplate, match="cannot be published") as refused:
        publish(plain.installation, "plain", number, by="mina")

    assert told in str(refused.value)
    (mail,) = [each for each in list_mails(plain.installation) if each.name == "plain"]
    assert mail.published is not None
    assert mail.published.number == 1
    assert mail.latest is not None
    assert mail.latest.state is VersionState.DRAFT


@pytest.mark.sqlite
def test_what_other_mails_are_based_on_must_not_break_them(tmp_path: Path) -> None:
    """A file that another mail takes from `digest` stays there."""
    for mail, files in {"digest": {**MINI, "own.txt": "-"}, "other": {"card.txt": "{% include 'own.txt' %}"}}.items():
        folder = tmp_path / "email" / mail
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
    house = House(tmp_path, templates=tmp_path)

    told = problems_of(house.installation, "digest", MINI)

    house.engine.dispose()
    assert told[0].startswith("the mail other, which takes files from this one: ")
    assert "own.txt" in told[0]


def test_a_version_that_is_restored_is_a_new_one(house: House) -> None:
    """What was written between stays."""
    first = written(house, "subject.txt", "{{", "One: {{")
    written(house, "subject.txt", "{{", "Two: {{")
    third = restore(house.installation, "plain", first, by="ben")

    with reading(house.engine) as connection:
        files = [version_of(house.installation, connection, "plain", number).files for number in (first, third)]
        with pytest.raises(NotFound, match="no version 9"):
            version_of(house.installation, connection, "plain", 9)
    assert third == 3
    assert files[0] == files[1]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=60)
FILES = st.dictionaries(st.sampled_from(["shell.html", "card.txt", "note.html", "fonts.css"]), TEXTS, min_size=1)


@pytest.mark.sqlite
@settings(max_examples=40)
@given(FILES)
def test_files_come_back_from_a_zip_file_as_they_were(files: dict[str, str]) -> None:
    """And the same files are the same bytes."""
    assert unpack_files(pack_files(files)) == files
    assert pack_files(files) == pack_files(dict(reversed(files.items())))


@pytest.mark.sqlite
@settings(max_examples=60)
@given(FILES, FILES)
def test_a_comparison_leads_from_one_version_to_the_other(old: dict[str, str], new: dict[str, str]) -> None:
    """Whoever applies its rows to the old lines has the new ones."""
    for name, rows in diff_files(old, new).items():
        one, other = old.get(name, "").splitlines(), new.get(name, "").splitlines()
        gone, come = {row.old for row in rows if row.sign == "-"}, {row.new for row in rows if row.sign == "+"}
        kept = [line for number, line in enumerate(one, 1) if number not in gone]
        assert kept == [line for number, line in enumerate(other, 1) if number not in come]
        assert all(one[row.old - 1] == row.text for row in rows if row.old)
        assert all(other[row.new - 1] == row.text for row in rows if row.new)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"run.exe": b"x"}, id="another kind of file"),
        pytest.param({"a/shell.html": b"1", "b/shell.html": b"2"}, id="the same name twice"),
        pytest.param({"shell.html": b"\xff\xfe"}, id="no UTF-8"),
        pytest.param({"shell.html": b"0" * 5_000_000}, id="a small file that is large"),
        pytest.param({f"a{n}.txt": b"" for n in range(31)}, id="many files"),
        pytest.param({"shell.html": b"a\0b"}, id="a zero byte"),
        pytest.param({}, id="nothing"),
    ],
)
def test_a_zip_file_that_holds_something_else_is_refused(members: dict[str, bytes]) -> None:
    """In words; nothing of it is unpacked to disk."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    with pytest.raises(BadTemplate):
        unpack_files(out.getvalue())
    with pytest.raises(BadTemplate, match="no ZIP file"):
        unpack_files(b"PK\x03\x04 nothing of the kind")

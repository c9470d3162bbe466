"""A folder as a source: whole files only, and only its own."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from digest.collection.folder import Look, is_article_name, is_settled, list_article_files, look_at
from digest.errors import BadInput

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def write(path, text="A title\nA text.", *, age=60.0):
    """Write a file that was last touched *age* seconds before NOW."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (NOW.timestamp() - age,) * 2)
    return path


@pytest.mark.parametrize(
    "name",
    ["a.txt", "B.MD", "c.html", "d.htm", "e.xml", "f.rss", "g.atom", "h.json", "ä b.txt", "i.xml.gz", "J.TXT.GZ"],
)
def test_a_file_of_a_known_kind_is_ours(name):
    """Whatever its case."""
    assert is_article_name(name)


@pytest.mark.parametrize(
    "name",
    [
        ".a.txt",
        "a.txt~",
        "a.txt.tmp",
        "a.txt.part",
        ".a.txt.swp",
        "~$a.txt",
        "#a.txt#",
        "a.pdf",
        "a",
        "a.txt.crdownload",
        "a.gz",
        "a.tar.gz",
    ],
)
def test_hidden_and_temporary_files_are_nobodys_articles(name):
    """Editors and browsers leave them behind."""
    assert not is_article_name(name)


def test_files_are_listed_in_order_from_all_folders_below(tmp_path):
    """The same folder gives the same list on every machine."""
    wanted = [write(tmp_path / "a.txt"), write(tmp_path / "b" / "a.md"), write(tmp_path / "c.html")]
    write(tmp_path / ".git" / "a.txt")
    write(tmp_path / "notes.pdf")

    assert list_article_files(tmp_path, now=NOW) == sorted(wanted)


def test_a_file_still_being_written_is_left_for_next_time(tmp_path):
    """Half an article must never be sent."""
    old, fresh = write(tmp_path / "old.txt"), write(tmp_path / "fresh.txt", age=0.5)

    assert list_article_files(tmp_path, now=NOW) == [old]
    assert list_article_files(tmp_path, now=NOW + timedelta(seconds=5)) == [fresh, old]
    assert list_article_files(tmp_path) == [fresh, old]


def test_a_file_that_grew_between_two_looks_is_left_for_next_time(tmp_path):
    """Some writers keep the old time of writing."""
    path = write(tmp_path / "a.txt")
    before = {path: look_at(path)}
    write(path, "A title\nA text. And more of it.")

    assert list_article_files(tmp_path, now=NOW, before=before) == []
    assert list_article_files(tmp_path, now=NOW, before={path: look_at(path)}) == [path]


@pytest.mark.parametrize(
    ("age", "before", "settled"),
    [(3, None, True), (1, None, False), (3, Look(9, NOW), False), (-60, None, False), (-60, "same", True)],
    ids=["old enough", "too fresh", "changed since", "from the future", "from the future, unchanged"],
)
def test_whether_a_file_is_whole(age, before, settled):
    """A clock that is wrong must not hide a file for ever."""
    look = Look(10, NOW - timedelta(seconds=age))

    assert is_settled(look, now=NOW, before=look if before == "same" else before) is settled


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path):
    """A folder that others write to must not show /etc."""
    outside = write(tmp_path / "outside" / "secret.txt")
    inside = write(tmp_path / "inside" / "a.txt")
    (tmp_path / "inside" / "b.txt").symlink_to(outside)
    (tmp_path / "inside" / "c.txt").symlink_to(inside)
    (tmp_path / "inside" / "d.txt").symlink_to(tmp_path / "nothing.txt")
    (tmp_path / "inside" / "e").symlink_to(outside.parent)

    assert list_article_files(tmp_path / "inside", now=NOW) == [inside, tmp_path / "inside" / "c.txt"]


def test_a_folder_that_is_none_is_an_error_in_words(tmp_path):
    """One line with its name."""
    with pytest.raises(BadInput, match="is not a folder"):
        list_article_files(tmp_path / "nowhere", now=NOW)

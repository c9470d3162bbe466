"""A folder as a source is read again and again; a file is taken when it is whole."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from digest.pipeline.collecting import collect
from digest.pipeline.collecting.collect import collect_due, read_paths, store_articles
from tests.pipeline.collect.newsroom import PAGE, state_of, stored, write


def test_a_folder_is_read_again_on_each_visit(house, source, articles, visit):
    """New files come in; what is there already does not double."""
    source()
    write(articles, "a.txt", PAGE)
    first = visit(house)
    write(articles, "b.txt", PAGE.replace("Harbour", "Airport").replace("ferry", "plane"))

    too_early = visit(house, after=timedelta(seconds=30))
    second = visit(house, after=timedelta(minutes=1))

    assert [len(each.collected.added) for each in (*first, *second)] == [1, 1]
    assert too_early == []
    assert {each.article.title for each in stored(house)} == {"Harbour Opens Again", "Airport Opens Again"}


@pytest.mark.parametrize("text", [PAGE, "Bakery Closes\n\nThe last loaf was sold at ten.\n"], ids=["long", "short"])
def test_a_file_that_was_added_by_hand_is_one_article_in_its_folder_too_and_its_edits_come(
    house, source, articles, visit, now, text
):
    """As the README has it: `digest articles add articles/` first, then the same folder as a source."""
    write(articles, "a.txt", text)
    found = read_paths([articles], now=now)
    store_articles(house.engine, found.articles, source="", now=now, files=found.files)
    source()
    (seen,) = visit(house)
    write(articles, "a.txt", text.replace("\n\n", " Today\n\n", 1))

    (edited,) = visit(house, after=timedelta(minutes=2))

    assert (seen.collected.added, seen.collected.updated) == ((), ())
    assert (edited.collected.added, len(edited.collected.updated)) == ((), 1)
    assert [each.article.title.endswith("Today") for each in stored(house)] == [True]


def test_a_file_still_being_written_is_not_taken_half(house, source, articles):
    """The writer comes back to it; the next visit has it whole, once."""
    source()
    now = datetime.now(UTC)
    path = write(articles, "a.txt", PAGE[:40])
    house.change("UPDATE sources SET next_visit_at = 0")

    early = collect_due(house.engine, now=now + timedelta(seconds=1))
    path.write_text(PAGE)
    late = collect_due(house.engine, now=now + timedelta(minutes=2))

    assert early[0].collected.added == ()
    assert early[0].error == ""
    assert len(late[0].collected.added) == 1
    assert "glad of it" in stored(house)[0].article.text


@pytest.mark.parametrize("name", ["a.txt.part", ".a.txt", "a.txt~", "~a.txt", "a.txt.tmp", "a.pdf"])
def test_a_file_with_a_temporary_name_waits_for_its_real_one(house, source, articles, name, visit):
    """How editors and uploads write: under another name, and then a move with its old time of writing."""
    source()
    path = write(articles, name, PAGE, age=timedelta(days=30))
    visit(house)
    before = stored(house)
    path.rename(articles / "a.txt")

    (after,) = visit(house, after=timedelta(minutes=2))

    assert before == []
    assert len(after.collected.added) == 1


def test_a_file_from_a_machine_whose_clock_is_ahead_is_read(house, source, articles, visit):
    """Its time of writing is nonsense; when it came here is not."""
    source()
    write(articles, "a.txt", PAGE, age=timedelta(days=-400))

    (done,) = visit(house)

    assert len(done.collected.added) == 1


def test_files_that_came_while_the_folder_was_away_are_read_when_it_is_back(
    house, source, articles, monkeypatch, visit
):
    """A network folder comes and goes; what was put there meanwhile is older than the last try."""
    source()
    visit(house)
    away = articles.rename(articles.with_name("away"))
    write(away, "a.txt", PAGE)
    (failed,) = visit(house, after=timedelta(hours=1))
    kept = state_of(house)[0]
    away.rename(articles)

    (back,) = visit(house, after=timedelta(hours=2))

    assert "is not a folder" in failed.error
    assert kept == failed.error
    assert len(back.collected.added) == 1
    assert state_of(house)[0] == ""


def test_what_is_wrong_with_a_file_is_told_until_it_is_mended(house, source, articles, monkeypatch, visit):
    """Also while good files come in; and no longer once it is gone."""
    monkeypatch.setattr(collect, "_OVERLAP", timedelta(0))
    source()
    bad = write(articles, "bad.txt", "A title and nothing else\n")
    visit(house)
    first = state_of(house)[0]
    # The file is older than the visit, and the next one younger.
    time.sleep(0.05)
    house.change("UPDATE sources SET last_visit_at = :at", at=int(time.time() * 1_000_000))
    time.sleep(0.05)
    write(articles, "good.txt", PAGE)
    visit(house, after=timedelta(days=1))
    second = state_of(house)[0]
    bad.unlink()

    visit(house, after=timedelta(days=2))

    assert str(bad) in first
    assert second == first
    assert state_of(house)[0] == ""
    assert len(stored(house)) == 1


def test_an_unchanged_folder_is_looked_at_and_not_read(house, source, articles, monkeypatch, visit):
    """Ten thousand files are not parsed once a minute."""
    source()
    write(articles, "a.txt", PAGE)
    visit(house, after=timedelta(minutes=5))
    monkeypatch.setattr(collect, "reading_of_file", lambda *a, **k: pytest.fail("read again"))

    (again,) = visit(house, after=timedelta(days=1))

    assert (again.error, again.collected.problems) == ("", ())


def test_an_edited_file_reaches_whoever_is_not_yet_planned(house, source, articles, visit):
    """An edit makes a new revision of the same article."""
    source()
    path = write(articles, "a.txt", PAGE)
    visit(house)
    (before,) = stored(house)
    path.write_text(PAGE.replace("noon", "one o'clock"))

    (done,) = visit(house, after=timedelta(minutes=2))

    (after,) = stored(house)
    assert done.collected.updated == (before.article_id,)
    assert after.revision_id > before.revision_id
    assert "one o'clock" in after.article.text


def test_what_only_the_source_knows_is_written_into_its_articles(house, source, articles, visit):
    """Language and the AI mark come from the source when the article says nothing; its own word goes first."""
    source(language="nl", ai_generated=True)
    write(articles, "a.txt", "Zzz Qqq\n\nXxx yyy.\n")
    write(articles, "b.md", "---\nlang: de\nai_generated: false\n---\n# Hafen offen\n\nDie Fähre fährt wieder.\n")

    visit(house)

    found = {each.article.title: each.article for each in stored(house)}
    assert (found["Zzz Qqq"].language, found["Zzz Qqq"].ai_generated) == ("nl", True)
    assert (found["Hafen offen"].language, found["Hafen offen"].ai_generated) == ("de", False)

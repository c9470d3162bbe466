"""Collecting: one bad file never stops the rest, the same article never doubles, sources are read again and again."""

from __future__ import annotations

import gzip
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from digest.errors import NotFound
from digest.model.article import ArticleState
from digest.model.newsletter import Source, SourceKind
from digest.pipeline import collect
from digest.pipeline.collect import collect_due, read_paths, store_articles
from digest.pipeline.tick import visit_sources
from digest.store.articles import articles_between, find_article, list_articles, set_state
from digest.store.engine import reading
from digest.store.newsletters import save_sources

NOW = datetime.now(UTC)  #: a minute after each test began, so that its files are settled by then
PAGE = "Harbour Opens Again\n\nShips wait no longer.\n\nThe first ferry left at noon, and the crews were glad of it.\n"


@pytest.fixture(autouse=True)
def at_that_time(request):
    """Set the time of the visits: files have the system's times, which no test can choose."""
    request.module.NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)


@pytest.fixture
def articles(tmp_path):
    """Give an empty folder for article files."""
    folder = tmp_path / "articles"
    folder.mkdir()
    return folder


@pytest.fixture
def source(house, articles):
    """Give a function that makes a source (the folder, unless told otherwise) and returns its slug."""

    def make(slug="newsroom", kind=SourceKind.FOLDER, location=None, every=timedelta(minutes=1), **more):
        with house.engine.begin() as connection:
            save_sources(connection, [Source(slug, kind, location or str(articles), every, **more)], now=NOW)
        return slug

    return make


@pytest.fixture
def feed_server():
    """Give a web server on this machine whose answer a test sets; `asked` are the headers of each request."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(dict(self.headers))
            status, headers, body = server.answer(self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}/feed.xml"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


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


def visit(house, *, after=timedelta(0)):
    return collect_due(house.engine, now=NOW + after, allow_private=True)


# Files


def test_a_bad_file_is_told_in_one_line_and_the_rest_goes_on(articles):
    """The line names the file and the reason."""
    write(articles, "good.txt", PAGE)
    bad = {
        "empty.txt": "",
        "blank.md": "\n\n\t\n",
        "feed.xml": "<rss><channel><item>",
        "only-title.txt": "A title and nothing else\n",
        "data.json": '{"a": [1, 2',
        "page.html": "<html><body></body></html>",
    }
    for name, text in bad.items():
        write(articles, name, text)
    write(articles, "also-good.md", "# Bridge Closed\n\nThe old bridge is closed until the spring, the city said.\n")
    (articles / "picture.png").write_bytes(b"\x89PNG")

    found = read_paths([articles], now=NOW)

    assert sorted(article.title for article in found.articles) == ["Bridge Closed", "Harbour Opens Again"]
    assert len(found.problems) == len(bad)
    for name in bad:
        (line,) = [problem for problem in found.problems if name in problem]
        path, _, reason = line.partition(f"{name}: ")
        assert path == f"{articles}/"
        assert len(reason) > 10
        assert "\n" not in line


@pytest.mark.parametrize(
    ("place", "says"),
    [
        pytest.param("nowhere.txt", "no such file or folder", id="no such file"),
        pytest.param("x" * 300, "cannot be read", id="a name too long"),
        pytest.param("HTTP://127.0.0.1/feed", "private", id="a private address in capitals"),
        pytest.param("http://[::1]:99/", "port 99", id="a port that is none of the web's"),
        pytest.param("https://exa mple.org/", "https://exa mple.org/", id="no address"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_place_that_cannot_be_read_is_told_and_the_next_one_is_read(articles, monkeypatch, place, says):
    """A typing mistake in one argument does not cost the others."""
    monkeypatch.chdir(articles)
    good = write(articles, "good.txt", PAGE)

    found = read_paths([place, good], now=NOW) if place else read_paths([good], now=NOW)

    assert [article.title for article in found.articles] == ["Harbour Opens Again"]
    assert [says in problem.lower() or says in problem for problem in found.problems] == ([True] if place else [])


def test_a_file_nobody_may_read_is_told(articles):
    """Rights are a matter for the operator, by name."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    write(articles, "secret.txt", PAGE).chmod(0)

    found = read_paths([articles], now=NOW)

    assert found.problems == [f"{articles}/secret.txt: cannot be read (Permission denied)"]


def test_a_file_too_large_is_not_read_into_memory(articles, monkeypatch):
    """The cap comes before any parser."""
    path = articles / "huge.txt"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda self: pytest.fail("read"))

    found = read_paths([path], now=NOW)

    assert found.problems == [f"{path}: the file is larger than 5,242,880 bytes"]


def test_a_parser_that_breaks_costs_one_file(articles, monkeypatch):
    """Parsers of other people raise anything at hostile input."""
    write(articles, "a.txt", PAGE)
    write(articles, "b.txt", PAGE)
    reader = collect.reading_of_file

    def break_on_a(path, data, *, now):
        if path.name == "a.txt":
            raise RecursionError("maximum recursion depth exceeded")
        return reader(path, data, now=now)

    monkeypatch.setattr(collect, "reading_of_file", break_on_a)

    found = read_paths([articles], now=NOW)

    assert len(found.articles) == 1
    assert found.problems == [f"{articles}/a.txt: cannot be read (RecursionError; the log has more, please report it)"]


# The same article again


WORDS = " ".join(f"Ferry {number} left the harbour at noon with two hundred on board." for number in range(8))
AGAIN = [
    pytest.param({"link": "https://press.example.net/harbour?utm_source=rss&utm_medium=feed"}, id="tracking"),
    pytest.param({"link": "http://press.example.net/harbour"}, id="http"),
    pytest.param({"link": "HTTPS://Press.Example.NET:443/harbour#top"}, id="capitals, port, fragment"),
    pytest.param({"guid": "another"}, id="another GUID"),
    pytest.param({"text": "Ships wait no longer, it was said at noon."}, id="edited text"),
    pytest.param({"title": "Harbour Open Again"}, id="edited title"),
    pytest.param({"title": "Corrected: Harbour", "text": "Wholly rewritten.", "guid": "x"}, id="all but the address"),
    pytest.param({"link": "https://press.example.net/2026/harbour-opens"}, id="moved, same words"),
]


@pytest.mark.parametrize("changes", AGAIN)
def test_the_same_article_again_never_doubles(house, source, feed_server, changes):
    """A reader must not get it twice because its address or wording changed."""
    first = {"title": "Harbour Opens", "link": "https://press.example.net/harbour", "guid": "1", "text": WORDS}
    source(kind=SourceKind.FEED, location=feed_server.url)
    feed_server.answer = lambda headers: (200, {"Content-Type": "application/rss+xml"}, rss(tuple(first.values())))
    visit(house)
    (before,) = stored(house)

    feed_server.answer = lambda headers: (
        200,
        {"Content-Type": "application/rss+xml"},
        rss(tuple({**first, **changes}.values())),
    )
    (again,) = visit(house, after=timedelta(minutes=2))

    (after,) = stored(house)
    assert (after.article_id, after.story_id, after.collected_at) == (before.article_id, before.story_id, NOW)
    assert again.collected.added == ()
    if {"title", "text"} & set(changes):
        assert again.collected.updated == (after.article_id,)
        assert (after.article.title, after.article.deck or after.article.text) != (
            before.article.title,
            before.article.deck or before.article.text,
        )


def test_a_file_whose_headline_and_text_are_edited_is_the_same_article(house, source, articles):
    """A plain text has no address; where it lies says which article it is."""
    source()
    write(articles, "a.txt", PAGE)
    visit(house)
    write(articles, "a.txt", PAGE.replace("Harbour Opens Again", "Ferries Run").replace("at noon", "at one"))

    (again,) = visit(house, after=timedelta(minutes=2))

    assert (again.collected.added, len(again.collected.updated)) == ((), 1)
    assert [each.article.title for each in stored(house)] == ["Ferries Run"]


def test_a_file_with_a_wholly_different_article_is_a_new_one(house, source, articles):
    """Readers of the old one get it too."""
    source()
    write(articles, "today.txt", PAGE)
    visit(house)
    write(articles, "today.txt", "Solar Parks Grow\n\nThe grid cannot follow.\n\nThe ministry had not foreseen it.\n")

    (again,) = visit(house, after=timedelta(minutes=2))

    assert len(again.collected.added) == 1
    assert len(stored(house)) == 2


def test_a_gzipped_feed_file_is_read_as_the_feed_in_it(articles):
    """Archives keep their feeds so."""
    path = articles / "feed.xml.gz"
    path.write_bytes(gzip.compress(rss(("Harbour", "https://press.example.net/h", "1", WORDS))))

    for place in (path, articles):
        found = read_paths([place], now=NOW)

        assert ([each.title for each in found.articles], found.problems) == (["Harbour"], [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(gzip.compress(b" " * 6_000_000), "unfolds to more than 5,242,880 bytes", id="too large"),
        pytest.param(gzip.compress(b"<rss/>" * 99)[:30], "ends too early", id="cut off"),
        pytest.param(b"\x1f\x8bno such thing", "is not gzip", id="not gzip"),
    ],
)
def test_a_gzipped_file_that_cannot_be_unfolded_says_why(articles, data, reason):
    """Nothing is unfolded beyond what we would read."""
    path = articles / "feed.xml.gz"
    path.write_bytes(data)

    (problem,) = read_paths([path], now=NOW).problems

    assert problem.startswith(f"{path}: ")
    assert reason in problem


def test_other_articles_of_one_feed_stay_apart(house, source, feed_server):
    """Two addresses, two GUIDs, two texts: two articles, even under one standing headline."""
    source(kind=SourceKind.FEED, location=feed_server.url)
    entries = [
        ("Weather", "https://press.example.net/w/1", "1", "Rain in the north and wind along the whole coast."),
        ("Weather", "https://press.example.net/w/2", "2", "Sun everywhere, and a warm evening to follow it."),
        ("Traffic", "https://press.example.net/t/1", "3", "The ring road is closed from ten until six."),
    ]
    feed_server.answer = lambda headers: (200, {}, rss(*entries))

    (done,) = visit(house)

    assert len(done.collected.added) == len(stored(house)) == 3


def test_an_unchanged_article_makes_no_new_revision(house, articles):
    """Reading a folder a thousand times must not grow the database."""
    write(articles, "a.txt", PAGE)
    found = read_paths([articles], now=NOW).articles
    store_articles(house.engine, found, source="", now=NOW)

    again = store_articles(house.engine, found, source="", now=NOW + timedelta(days=1))

    assert (len(again.unchanged), again.added, again.updated) == (1, (), ())
    assert house.rows("SELECT COUNT(*) FROM revisions") == [(1,)]


def test_a_thousand_articles_are_stored_in_short_transactions(house, articles):
    """Progress is told, and nobody waits for the whole lot."""
    for number in range(120):
        write(articles, f"{number}.txt", PAGE.replace("Harbour", f"Harbour {number}").replace("noon", f"{number}"))
    steps = []

    found = read_paths([articles], now=NOW)
    done = store_articles(house.engine, found.articles, source="", now=NOW, progress=steps.append)

    assert len(done.added) == 120
    assert (sum(steps), max(steps)) == (120, 50)


# A folder as a source


def test_a_folder_is_read_again_on_each_visit(house, source, articles):
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
def test_a_file_with_a_temporary_name_waits_for_its_real_one(house, source, articles, name):
    """How editors and uploads write: under another name, and then a move with its old time of writing."""
    source()
    path = write(articles, name, PAGE, age=timedelta(days=30))
    visit(house)
    before = stored(house)
    path.rename(articles / "a.txt")

    (after,) = visit(house, after=timedelta(minutes=2))

    assert before == []
    assert len(after.collected.added) == 1


def test_a_file_from_a_machine_whose_clock_is_ahead_is_read(house, source, articles):
    """Its time of writing is nonsense; when it came here is not."""
    source()
    write(articles, "a.txt", PAGE, age=timedelta(days=-400))

    (done,) = visit(house)

    assert len(done.collected.added) == 1


def test_files_that_came_while_the_folder_was_away_are_read_when_it_is_back(house, source, articles, monkeypatch):
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


def test_what_is_wrong_with_a_file_is_told_until_it_is_mended(house, source, articles, monkeypatch):
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


def test_an_unchanged_folder_is_looked_at_and_not_read(house, source, articles, monkeypatch):
    """Ten thousand files are not parsed once a minute."""
    source()
    write(articles, "a.txt", PAGE)
    visit(house, after=timedelta(minutes=5))
    monkeypatch.setattr(collect, "reading_of_file", lambda *a, **k: pytest.fail("read again"))

    (again,) = visit(house, after=timedelta(days=1))

    assert (again.error, again.collected.problems) == ("", ())


def test_an_edited_file_reaches_whoever_is_not_yet_planned(house, source, articles):
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


def test_what_only_the_source_knows_is_written_into_its_articles(house, source, articles):
    """Language and the AI mark come from the source when the article says nothing; its own word goes first."""
    source(language="nl", ai_generated=True)
    write(articles, "a.txt", "Zzz Qqq\n\nXxx yyy.\n")
    write(articles, "b.md", "---\nlang: de\nai_generated: false\n---\n# Hafen offen\n\nDie Fähre fährt wieder.\n")

    visit(house)

    found = {each.article.title: each.article for each in stored(house)}
    assert (found["Zzz Qqq"].language, found["Zzz Qqq"].ai_generated) == ("nl", True)
    assert (found["Hafen offen"].language, found["Hafen offen"].ai_generated) == ("de", False)


# A feed as a source


def test_a_feed_that_has_nothing_new_is_not_read_again(house, source, feed_server):
    """The server's ETag and date go back to it (RFC 9110 section 13.1); 304 changes nothing."""
    source(kind=SourceKind.FEED, location=feed_server.url)
    facts = {"ETag": '"v1"', "Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT"}
    body = rss(("Harbour", "https://press.example.net/h", "1", "Ships wait no longer."))
    feed_server.answer = lambda headers: (
        (304, facts, b"") if headers.get("If-None-Match") == '"v1"' else (200, facts, body)
    )

    (first,) = visit(house)
    (second,) = visit(house, after=timedelta(minutes=2))
    (third,) = visit(house, after=timedelta(minutes=4))

    assert [len(each.collected.added) for each in (first, second, third)] == [1, 0, 0]
    assert [each.error for each in (first, second, third)] == ["", "", ""]
    assert "If-None-Match" not in feed_server.asked[0]
    assert [asked["If-None-Match"] for asked in feed_server.asked[1:]] == ['"v1"', '"v1"']
    assert feed_server.asked[1]["If-Modified-Since"] == facts["Last-Modified"]
    assert state_of(house)[1] == '"v1"'


def test_a_feed_that_fails_keeps_its_error_and_is_visited_again(house, source, feed_server, articles):
    """The other sources are read all the same, and the next success clears the error."""
    source("broken", SourceKind.FEED, feed_server.url, timedelta(minutes=10))
    source("newsroom")
    write(articles, "a.txt", PAGE)
    feed_server.answer = lambda headers: (503, {}, b"later")
    failed, fine = visit(house)
    kept = state_of(house, "broken")
    feed_server.answer = lambda headers: (200, {}, rss(("H", "https://press.example.net/h", "1", "Ships wait.")))

    soon = visit(house, after=timedelta(minutes=9))
    later = visit(house, after=timedelta(minutes=10))

    assert "answered 503" in failed.error
    assert kept[0] == failed.error
    assert len(fine.collected.added) == 1
    assert "broken" not in [each.source for each in soon]
    assert [len(each.collected.added) for each in later if each.source == "broken"] == [1]
    assert state_of(house, "broken")[0] == ""


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, b"this is no feed", id="no feed"),
        pytest.param(200, b"", id="empty"),
        pytest.param(200, b"<rss><channel><item><title>", id="cut off"),
        pytest.param(404, b"", id="gone"),
    ],
)
def test_an_answer_that_is_no_feed_is_kept_as_the_error_and_the_etag_is_not(house, source, feed_server, status, body):
    """Otherwise the next 304 would make the mistake stay for ever."""
    source(kind=SourceKind.FEED, location=feed_server.url)
    feed_server.answer = lambda headers: (status, {"ETag": '"bad"', "Content-Type": "application/rss+xml"}, body)

    (done,) = visit(house)

    error, etag, _, _ = state_of(house)
    assert done.collected.added == ()
    assert (bool(error), etag) == (True, "")


def test_a_private_address_is_refused_unless_allowed(house, source, feed_server):
    """A source is an address that somebody typed; the own network is not for reading."""
    source(kind=SourceKind.FEED, location=feed_server.url)

    (done,) = collect_due(house.engine, now=NOW)

    assert done.error
    assert feed_server.asked == []


def test_a_source_that_breaks_us_is_kept_with_its_error_and_the_rest_is_read(house, source, articles, monkeypatch):
    """The source that has waited longest comes first; it must not starve the others for ever."""
    source("broken", SourceKind.FEED, "https://press.example.net/feed")
    source("newsroom")
    write(articles, "a.txt", PAGE)

    def break_down(*_args, **_more):
        raise AttributeError("'NoneType' object has no attribute 'tag'")

    monkeypatch.setattr(collect, "fetch", break_down)

    broken, fine = visit(house)

    assert "AttributeError" in broken.error
    assert "AttributeError" in state_of(house, "broken")[0]
    assert len(fine.collected.added) == 1
    assert visit(house, after=timedelta(seconds=30)) == []


def test_the_tick_visits_what_is_due_by_the_clock(house, source, articles):
    """The same through the use case that `digest serve` calls."""
    source()
    write(articles, "a.txt", PAGE)
    house.clock.at = NOW - timedelta(seconds=1)
    visit_sources(house.installation)
    before = stored(house)
    house.clock.at = NOW

    visit_sources(house.installation)

    assert (len(before), len(stored(house))) == (0, 1)


# States


def test_a_withdrawn_article_is_in_no_pool_and_comes_back_only_by_hand(house, source, articles):
    """Its publisher may well still have it in the feed; reading it again does not bring it back."""
    source()
    path = write(articles, "a.txt", PAGE)
    visit(house)
    (article,) = stored(house)
    with house.engine.begin() as connection:
        set_state(connection, article.article_id, ArticleState.WITHDRAWN, now=NOW)
    path.write_text(PAGE.replace("noon", "one o'clock"))
    visit(house, after=timedelta(minutes=2))

    with reading(house.engine) as connection:
        away = articles_between(connection, NOW - timedelta(days=1), NOW + timedelta(days=1))
        state = find_article(connection, article.article_id).state
    with house.engine.begin() as connection:
        set_state(connection, article.article_id, ArticleState.LIVE, now=NOW)
        back = articles_between(connection, NOW - timedelta(days=1), NOW + timedelta(days=1))

    assert (away, state) == ([], ArticleState.WITHDRAWN)
    assert [each.article_id for each in back] == [article.article_id]


def test_an_article_that_is_not_there_is_told(house):
    """With the command that lists those that are."""
    with house.engine.begin() as connection:
        with pytest.raises(NotFound, match="digest articles list"):
            find_article(connection, 99)
        with pytest.raises(NotFound, match="digest articles list"):
            set_state(connection, 99, ArticleState.WITHDRAWN, now=NOW)


def test_a_search_looks_at_title_deck_and_text_whatever_the_case(house):
    """Newest first, at most so many."""
    for number, title in enumerate(["Straße gesperrt", "Hafen offen", "STRASSE frei"]):
        house.article(title=title, deck=f"Nummer {number}", at=NOW + timedelta(minutes=number))

    with reading(house.engine) as connection:
        found = [each.article.title for each in list_articles(connection, search="strasse")]
        first = [each.article.title for each in list_articles(connection, limit=1)]
        none = list(list_articles(connection, search="Bahnhof"))

    assert found == ["STRASSE frei", "Straße gesperrt"]
    assert first == ["STRASSE frei"]
    assert none == []


def test_a_password_in_an_address_stands_in_no_report():
    """Nor does the place itself, which a report names."""
    (problem,) = read_paths(["https://anna:hunter2@press.example.org/feed"], now=NOW).problems

    assert "hunter2" not in problem
    assert "press.example.org/feed" in problem


@pytest.mark.parametrize(
    ("feed", "count"),
    [
        pytest.param(
            b"<rss version='2.0'><channel><item><title>One</title><description>Text", 1, id="half of it is there"
        ),
        pytest.param(b"<rss version='2.0'><channel><title>Wire", 0, id="nothing of it is there"),
    ],
)
def test_a_feed_that_is_cut_off_says_so_once_and_says_what_to_do(articles, feed, count):
    """Not that something was read when nothing was."""
    write(articles, "wire.xml", feed.decode())

    found = read_paths([articles / "wire.xml"], now=NOW)

    assert len(found.articles) == count
    assert found.problems[0].endswith("not well-formed XML, so entries may be missing; check it with a feed validator")
    assert ("no article can be read" in found.problems[0]) == (count == 0)

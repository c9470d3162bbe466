"""A feed as a source: visited when it is due, its failures are kept and cost nobody else anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.model.newsletter import SourceKind
from digest.pipeline.collecting import collect
from digest.pipeline.collecting.collect import collect_due
from digest.pipeline.tick import visit_sources
from tests.pipeline.collect.newsroom import PAGE, rss, state_of, stored, write


def test_a_feed_that_has_nothing_new_is_not_read_again(house, source, feed_server, visit):
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


def test_a_feed_that_broke_off_is_asked_for_anew_until_it_came_whole(house, source, feed_server, visit):
    """Its server says 304 to whoever names the ETag of the half; the rest would not come until the feed changed."""
    source(kind=SourceKind.FEED, location=feed_server.url)
    entries = [(f"Harbour {n}", f"https://press.example.net/{n}", str(n), f"Ship {n} waits no longer.") for n in (1, 2)]
    whole = rss(*entries)
    half = whole[: whole.rindex(b"<item") + 20]
    answers = iter([half, whole])
    facts = {"ETag": '"v1"', "Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT"}
    feed_server.answer = lambda headers: (
        (304, facts, b"")
        if "If-None-Match" in headers or "If-Modified-Since" in headers
        else (200, facts, next(answers))
    )

    (first,) = visit(house)
    (second,) = visit(house, after=timedelta(minutes=2))
    (third,) = visit(house, after=timedelta(minutes=4))

    assert [len(each.collected.added) for each in (first, second, third)] == [1, 1, 0]
    assert first.collected.problems
    assert state_of(house)[:2] == ("", '"v1"')


def test_a_feed_that_fails_keeps_its_error_and_is_visited_again(house, source, feed_server, articles, visit):
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
    ("headers", "minutes"),
    [
        pytest.param({"Retry-After": "3600"}, 60, id="seconds"),
        pytest.param({"Retry-After": "60"}, 10, id="sooner than its own turn"),
        pytest.param(
            {"Retry-After": "Mon, 23 Nov 2026 09:30:00 GMT", "Date": "Mon, 23 Nov 2026 09:00:00 GMT"}, 30, id="date"
        ),
        pytest.param({"Retry-After": "99999999999999999999"}, 24 * 60, id="for ever"),
        pytest.param({"Retry-After": "-5"}, 10, id="negative"),
        pytest.param({"Retry-After": "soon"}, 10, id="words"),
    ],
)
def test_a_server_that_wishes_to_be_left_alone_is(house, source, feed_server, visit, headers, minutes):
    """For as long as it says (RFC 9110 section 10.2.3), a day at most, and never less than the source's own turn."""
    source("busy", SourceKind.FEED, feed_server.url, timedelta(minutes=10))
    feed_server.answer = lambda _: (429, headers, b"")

    (refused,) = visit(house)

    assert "answered 429: we come too often" in refused.error
    assert visit(house, after=timedelta(minutes=minutes, seconds=-1)) == []
    assert len(visit(house, after=timedelta(minutes=minutes))) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, b"this is no feed", id="no feed"),
        pytest.param(200, b"", id="empty"),
        pytest.param(200, b"<rss><channel><item><title>", id="cut off"),
        pytest.param(404, b"", id="gone"),
    ],
)
def test_an_answer_that_is_no_feed_is_kept_as_the_error_and_the_etag_is_not(
    house, source, feed_server, status, body, visit
):
    """Otherwise the next 304 would make the mistake stay for ever."""
    source(kind=SourceKind.FEED, location=feed_server.url)
    feed_server.answer = lambda headers: (status, {"ETag": '"bad"', "Content-Type": "application/rss+xml"}, body)

    (done,) = visit(house)

    error, etag, _, _ = state_of(house)
    assert done.collected.added == ()
    assert (bool(error), etag) == (True, "")


def test_a_private_address_is_refused_unless_allowed(house, source, feed_server, now):
    """A source is an address that somebody typed; the own network is not for reading."""
    source(kind=SourceKind.FEED, location=feed_server.url)

    (done,) = collect_due(house.engine, now=now)

    assert done.error
    assert feed_server.asked == []


def test_a_source_that_breaks_us_is_kept_with_its_error_and_the_rest_is_read(
    house, source, articles, monkeypatch, visit
):
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


def test_the_tick_visits_what_is_due_by_the_clock(house, source, articles, now):
    """The same through the use case that `digest serve` calls."""
    source()
    write(articles, "a.txt", PAGE)
    house.clock.at = now - timedelta(seconds=1)
    visit_sources(house.installation)
    before = stored(house)
    house.clock.at = now

    visit_sources(house.installation)

    assert (len(before), len(stored(house))) == (0, 1)

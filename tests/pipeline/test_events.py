"""Events from a product become mails: gathered in windows, once each, in the words of their stream."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.errors import BadInput
from digest.model.event import Added, Answer
from digest.model.newsletter import Limits
from digest.model.stream import Audience, PriorityRule, RepeatScope, WindowKind, WindowPolicy
from digest.pipeline.events.add_events import add_events
from digest.pipeline.events.event_queue import latest_events
from digest.pipeline.previewing.preview import preview, preview_sample
from digest.pipeline.reading.following import follow_object
from digest.rendering.lint.finding import Level
from digest.rendering.lint.rules import lint
from tests.house import MONDAY, House
from tests.pipeline.happenings import HOUR, add, event, fates, stream, tick
from tests.sink import Sink

INSTANT = WindowPolicy(WindowKind.INSTANT)
ACCEPTED = Added(Answer.ACCEPTED, "", 1)


@pytest.fixture
def comments(house: House) -> House:
    """Give an installation with a stream that gathers for an hour, and its reader Ana."""
    stream(house)
    house.reader("ana@example.org", "comments", topics="", name="Ana")
    return house


def test_events_of_an_hour_are_one_mail_with_a_line_for_each_thing(comments: House, sink: Sink) -> None:
    """The whole way: in, gathered, closed, rendered, sent, on record."""
    first = add(comments, event("a", by="Ben"), event("b", by="Eve", on="cake"))
    comments.move(minutes=59)
    add(comments, event("c", by="Kim"))
    tick(comments)
    comments.dispatch(sink)
    waiting = list(sink.mails)
    comments.move(minutes=1)
    tick(comments)
    comments.dispatch(sink)

    assert first == [ACCEPTED, ACCEPTED]
    assert waiting == []
    (mail,) = sink.mails
    assert str(mail.parsed["Subject"]) == "2 comments on Tea, and 1 more"
    assert "Eve commented on Cake" in mail.html
    assert "Words of c." in mail.text
    assert "https://shop.example.org/tea" in mail.text
    assert "Hello Ana." in mail.text
    assert "More or less" not in mail.html
    assert mail.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert set(fates(comments).values()) == {"sent"}
    (line,) = comments.log(edition="comments")
    assert line.items == ("2 comments on Tea", "Eve commented on Cake")


@pytest.mark.sqlite
def test_what_a_payload_says_is_text_and_nothing_else(comments: House, sink: Sink) -> None:
    """Markup, marks of ours and addresses that run programs stay words."""
    nasty = '<script>alert(1)</script> \ufdd0h:lead\ufdd1 https://slot.invalid/name "quoted"'
    add(comments, event("x", by=nasty[:60], payload={"text": nasty, "url": "javascript:alert(1)"}))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    (mail,) = sink.mails
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "javascript:" not in mail.html + mail.text


def test_the_same_key_twice_is_one_event(comments: House, sink: Sink) -> None:
    """W10: in one batch, in the next one, and after the mail has left."""
    assert [each.answer for each in add(comments, event("x"), event("x"))] == ["accepted", "duplicate"]
    assert add(comments, event("x")) == [Added(Answer.DUPLICATE)]
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert add(comments, event("x")) == [Added(Answer.DUPLICATE)]
    assert fates(comments) == {"x": "sent"}


@pytest.mark.sqlite
def test_a_key_of_all_streams_is_one_event_in_all(comments: House) -> None:
    """The scope of repetition may be the reader."""
    for slug in ("likes", "shares"):
        stream(comments, slug=slug, repeat=RepeatScope.READER)
        comments.reader("ana@example.org", slug, topics="")

    answers = add(comments, event("x", slug="likes"), event("x", slug="shares"), event("x"))

    assert [each.answer for each in answers] == ["accepted", "duplicate", "accepted"]


@pytest.mark.sqlite
def test_keys_that_are_zero_empty_and_missing_are_three_groups(comments: House, sink: Sink) -> None:
    """W11: each a mail of its own, though they close together."""
    add(comments, event("a", group_key=0), event("b", group_key=""), event("c"))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert len(sink.mails) == 3
    assert len({mail.message_id for mail in sink.mails}) == 3


@pytest.mark.sqlite
def test_a_window_whose_opener_is_cancelled_ends_at_its_time_with_the_others(comments: House, sink: Sink) -> None:
    """W9."""
    add(comments, event("a"))
    comments.move(minutes=20)
    add(comments, event("b", on="cake"))
    comments.move(minutes=10)
    assert add(comments, {"stream": "comments", "cancel": "a"}) == [Added(Answer.CANCELLED, "", 1)]
    comments.move(minutes=30)
    tick(comments)
    comments.dispatch(sink)

    assert [str(mail.parsed["Subject"]) for mail in sink.mails] == ["Ben commented on Cake"]
    assert fates(comments) == {"a": "cancelled", "b": "sent"}


@pytest.mark.sqlite
def test_a_window_of_cancelled_events_is_skipped_with_a_reason(comments: House, sink: Sink) -> None:
    """W9, C19: the next event opens the next window."""
    add(comments, event("a"), {"stream": "comments", "cancel": "a"})
    comments.move(hours=1)
    tick(comments)
    add(comments, event("b"))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert comments.rows("SELECT state, reason FROM deliveries ORDER BY id") == [
        ("skipped", "nothing_new"),
        ("sent", ""),
    ]
    assert len(sink.mails) == 1


def test_what_is_cancelled_before_its_mail_leaves_is_not_in_it(comments: House, sink: Sink) -> None:
    """The digest is made anew; cancelled to the last event, it is skipped; after the mail it is too late."""
    add(comments, event("a"), event("b", on="cake"), event("z", group_key="alone"))
    comments.move(hours=1)
    tick(comments)
    answers = add(comments, {"stream": "comments", "cancel": "a"}, {"stream": "comments", "cancel": "z"})
    comments.dispatch(sink)
    late = add(comments, {"stream": "comments", "cancel": "b"})

    assert [each.answer for each in answers] == ["cancelled", "cancelled"]
    assert [str(mail.parsed["Subject"]) for mail in sink.mails] == ["Ben commented on Cake"]
    assert late == [Added(Answer.SUPPRESSED, "nothing_to_cancel")]
    assert fates(comments) == {"a": "cancelled", "b": "sent", "z": "cancelled"}


def test_what_a_reader_has_read_elsewhere_is_in_no_mail_to_them(comments: House, sink: Sink) -> None:
    """Said twice is once; before the window closes and after; others hear of it; after the mail it is too late."""
    comments.reader("ben@example.org", "comments", topics="")
    for who in ("ana", "ben"):
        follow_object(comments.installation, "comments", "tea", f"{who}@example.org", follows=True)
    add(comments, event("a", {"followers": "tea"}), event("b", on="cake"), event("c", on="jam"))
    first = add(comments, *[{"stream": "comments", "read": "a", "recipient": "Ana@example.org"}] * 2)
    comments.move(hours=1)
    tick(comments)
    (closed,) = add(comments, {"stream": "comments", "read": "b", "recipient": {"subscriber": 1}})
    comments.dispatch(sink)
    late = [{"stream": "comments", "read": key, "recipient": "ana@example.org"} for key in ("a", "b", "c", "gossip")]
    answers = [each.answer for each in add(comments, *late)]

    assert [*first, closed] == [Added(Answer.READ, "", 1)] * 3
    assert answers == ["read", "read", "suppressed", "suppressed"]
    assert {mail.recipient: str(mail.parsed["Subject"]) for mail in sink.mails} == {
        "ana@example.org": "Ben commented on Jam",
        "ben@example.org": "Ben commented on Tea",
    }


def test_what_expired_while_it_waited_is_left_out(comments: House, sink: Sink) -> None:
    """And what comes too late is not even put into a window."""
    soon = (MONDAY + timedelta(minutes=30)).isoformat()
    past = MONDAY.isoformat()
    answers = add(comments, event("a", expires_at=soon), event("b"), event("c", expires_at=past))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert answers[2] == Added(Answer.SUPPRESSED, "expired")
    assert fates(comments) == {"a": "expired(expired)", "b": "sent", "c": "expired(expired)"}


def test_who_left_between_window_and_mail_gets_nothing(comments: House, sink: Sink) -> None:
    """C14: consent is asked again at the claim; later events are suppressed at once."""
    add(comments, event("a"))
    comments.move(hours=1)
    tick(comments)
    comments.leave("ana@example.org", "comments")
    comments.dispatch(sink)

    assert sink.mails == []
    assert comments.states() == {"ana@example.org": "skipped(unsubscribed)"}
    assert add(comments, event("b")) == [Added(Answer.SUPPRESSED, "unsubscribed")]


@pytest.mark.sqlite
def test_who_left_before_the_window_closed_gets_nothing(comments: House, sink: Sink) -> None:
    """The window ends with the reason."""
    add(comments, event("a"))
    comments.leave("ana@example.org", "comments")
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert sink.mails == []
    assert fates(comments) == {"a": "suppressed(unsubscribed)"}


@pytest.mark.sqlite
def test_nobody_hears_of_their_own_doings(comments: House) -> None:
    """The actor is known by address."""
    own = event("a", actor={"id": "7", "name": "Ana", "address": "Ana@Example.org"})

    assert add(comments, own) == [Added(Answer.SUPPRESSED, "own")]


def _deep(levels: int) -> dict[str, object]:
    """Return a payload within a payload, so many times."""
    return {"more": _deep(levels - 1)} if levels else {}


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"stream": "gossip"}, "there is no stream 'gossip' (known: comments)"),
    ({"recipient": "nobody@example.org"}, "nobody here has this address; is it spelled right, and subscribed?"),
    ({"recipient": None}, 'recipient must be an address, {"subscriber": 7} or {"followers": "article:7"}'),
    ({"recipient": "\ud800@example.org"}, "recipient has a control character; take it out"),
    ({"recipient": "a\x00@example.org"}, "recipient has a control character; take it out"),
    ({"recipient": "a" * 5_000}, "nobody here has this address; is it spelled right, and subscribed?"),
    ({"occurred_at": "2026-11-23"}, "occurred_at must be a time with its offset, like 2026-11-23T07:00:00+09:00"),
    ({"priority": "high"}, "priority must be 'normal' or 'critical'"),
    ({"category": "gossip"}, "stream 'comments' has no category 'gossip'"),
    ({"dedupe_key": "a\x00b"}, "dedupe_key has a control character; take it out"),
    ({"colour": "red"}, "'colour' is no part of an event"),
    ({"payload": []}, "payload must be an object"),
    ({"payload": {"text": "x" * 20_000}}, "payload is larger than 16,384 characters of JSON; send a link instead"),
    ({"payload": _deep(40)}, "payload nests deeper than 32 levels"),
    ({"payload": {"text": float("nan")}}, "payload has a number that JSON cannot say (NaN or Infinity)"),
    ({"group_key": "x" * 300}, "group_key is longer than 200 characters of JSON"),
    (
        {"recipient": {"subscriber": 2**70}},
        'recipient must be an address, {"subscriber": 7} or {"followers": "article:7"}',
    ),
    (
        {"recipient": {"subscriber": True}},
        'recipient must be an address, {"subscriber": 7} or {"followers": "article:7"}',
    ),
    ({"actor": {"age": 7}}, "actor must be an object with address, id, name"),
]


@pytest.mark.sqlite
def test_an_event_that_cannot_be_used_is_refused_in_words_and_keeps_no_other_out(comments: House) -> None:
    """Each answer stands for its event."""
    answers = add(comments, event("a"), *({**event("b"), **changes} for changes, _ in REFUSED), event("c"))

    assert answers == [ACCEPTED, *(Added(Answer.REFUSED, says) for _, says in REFUSED), ACCEPTED]


@pytest.mark.sqlite
def test_payloads_that_nest_for_ever_or_have_half_characters_are_refused(comments: House) -> None:
    """Whatever the depth at which Python gives up."""
    hostile: list[dict[str, object]] = [_deep(200), _deep(950), {"text": "\ud800"}, {"\udfff": 1}]
    answers = add(comments, *(event(f"x{number}", payload=each) for number, each in enumerate(hostile)), event("a"))

    assert [each.answer for each in answers] == ["refused"] * 4 + ["accepted"]


@pytest.mark.sqlite
def test_words_of_a_template_in_a_payload_are_words(comments: House, sink: Sink) -> None:
    """Braces of ours and of Jinja, in every field that a mail shows."""
    nasty = "{{ 7*7 }} {% for x in y %} {actors} {0.__class__} {"
    add(comments, event("x", by=nasty, on=nasty, payload={"text": nasty}))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert nasty in " ".join(sink.mails[0].text.split())
    assert "49" not in sink.mails[0].text.split("Unsubscribe")[0]


@pytest.mark.sqlite
def test_a_payload_is_held_against_the_schema_of_its_stream(house: House) -> None:
    """What is wrong is told with its place."""
    stream(house, schema={"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}})
    house.reader("ana@example.org", "comments", topics="")

    answers = add(house, event("a", payload={}), event("b", payload={"text": 7}), event("c", payload={"text": "Hi"}))

    assert [each.reason for each in answers] == ["payload.text is missing", "payload.text must be of type string", ""]


@pytest.mark.sqlite
def test_a_batch_of_more_than_a_thousand_is_refused(comments: House) -> None:
    """Nothing of it is added."""
    with pytest.raises(BadInput, match="at most 1,000"):
        add_events(comments.installation, [event()] * 1_001)


@pytest.mark.sqlite
def test_a_full_window_closes_at_once_and_the_next_event_opens_another(comments: House, sink: Sink) -> None:
    """W2: max_events."""
    stream(comments, WindowPolicy(WindowKind.FIXED, wait=timedelta(hours=1), max_events=2))
    add(comments, event("a"), event("b"), event("c"))
    tick(comments)
    comments.dispatch(sink)

    assert fates(comments) == {"a": "sent", "b": "sent", "c": "pending"}


@pytest.mark.sqlite
def test_an_open_window_keeps_its_policy_when_the_stream_changes(comments: House) -> None:
    """W12, through the database."""
    add(comments, event("a"))
    comments.move(minutes=30)
    stream(comments, WindowPolicy(WindowKind.FIXED, wait=timedelta(minutes=10)))
    comments.move(minutes=1)
    add(comments, event("b"))
    comments.move(minutes=39)
    add(comments, event("c"))

    closings = comments.rows("SELECT (closes_at - opened_at) / 60000000, count FROM event_windows ORDER BY id")
    windows = comments.rows("SELECT dedupe_key, window_id FROM events ORDER BY id")
    assert [each[0] for each in closings] == [60, 10]
    assert windows[0][1] == windows[1][1] != windows[2][1]


def test_the_first_event_goes_at_once_and_the_next_ones_gather(comments: House, sink: Sink) -> None:
    """W6, through the database: leading."""
    twenty, fifteen = timedelta(minutes=20), timedelta(minutes=15)
    stream(comments, WindowPolicy(WindowKind.LEADING, wait=twenty, cooldown=fifteen))
    for minute in (0, 10, 25, 29, 30, 40, 44, 45, 90):
        comments.clock.at = MONDAY + timedelta(minutes=minute)
        tick(comments)
        add(comments, event(str(minute)))
        tick(comments)
        comments.dispatch(sink)
    start = int(MONDAY.timestamp()) // 60
    found = comments.rows("SELECT w.closes_at, e.dedupe_key FROM events e JOIN event_windows w ON w.id = e.window_id")

    sent = [(at // 60_000_000 - start, int(key)) for at, key in found]
    assert sorted(sent) == [
        *[(0, 0), (30, 10), (30, 25), (30, 29), (50, 30), (50, 40), (50, 44), (50, 45), (90, 90)],
    ]


@pytest.mark.sqlite
def test_a_critical_event_passes_the_window_and_goes_first(comments: House, sink: Sink) -> None:
    """It is counted in no window; a stream may say that none of its events is critical."""
    stream(comments, slug="calm", priority=PriorityRule.NEVER)
    comments.reader("ana@example.org", "calm", topics="")
    add(comments, event("a"), event("b", priority="critical"), event("c", slug="calm", priority="critical"))
    tick(comments)
    tick(comments, "calm")
    comments.dispatch(sink)

    assert fates(comments) == {"a": "pending", "b": "sent", "c": "pending"}


@pytest.mark.sqlite
def test_lines_beyond_the_limit_are_counted(comments: House, sink: Sink) -> None:
    """The mail says how many events it does not show."""
    stream(comments, limits=Limits(max_items=2))
    add(comments, *(event(str(n), on=f"thing{n}") for n in range(5)))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert "3 more events are not shown here." in sink.mails[0].text
    assert set(fates(comments).values()) == {"sent"}


def test_a_stream_for_anyone_takes_in_whom_the_product_names(comments: House, sink: Sink) -> None:
    """With a consent on record; who left is not taken in again, nor who must not be mailed."""
    stream(comments, INSTANT, slug="account", audience=Audience.ANYONE)
    add(comments, event("a", "new@example.org", slug="account"), event("b", "ana@example.org", slug="account"))
    tick(comments, "account")
    comments.dispatch(sink)
    comments.leave("new@example.org", "account")
    again = add(comments, event("c", "new@example.org", slug="account"))

    assert sorted(mail.recipient for mail in sink.mails) == ["ana@example.org", "new@example.org"]
    assert again == [Added(Answer.SUPPRESSED, "unsubscribed")]
    assert (
        comments.rows("SELECT event, source FROM consents WHERE source LIKE 'named%'")
        == [("given", "named in an event")] * 2
    )


def test_followers_of_an_object_all_hear_of_it(comments: House, sink: Sink) -> None:
    """One event, a row for each of them; who followed nothing hears nothing."""
    comments.reader("ben@example.org", "comments", topics="")
    comments.reader("eve@example.org", "comments", topics="")
    for who in ("ben", "eve", "ana"):
        follow_object(comments.installation, "comments", "article:7", f"{who}@example.org", follows=True)
    follow_object(comments.installation, "comments", "article:7", "ana@example.org", follows=False)
    answers = add(comments, event("a", {"followers": "article:7"}), event("b", {"followers": "article:8"}))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert answers == [Added(Answer.ACCEPTED, "", 2), Added(Answer.SUPPRESSED, "no_followers")]
    assert sorted(mail.recipient for mail in sink.mails) == ["ben@example.org", "eve@example.org"]


def test_an_instant_stream_may_send_a_reader_several_mails_a_day(comments: House, sink: Sink) -> None:
    """Each in an edition of its own, with a Message-ID of its own."""
    stream(comments, INSTANT)
    for key in "abc":
        add(comments, event(key))
        tick(comments)
        comments.dispatch(sink)

    assert len({mail.message_id for mail in sink.mails}) == 3
    periods = [each[0] for each in comments.rows("SELECT period FROM editions ORDER BY id")]
    assert periods == ["2026-11-23+events", "2026-11-23+events-2", "2026-11-23+events-3"]


@pytest.mark.sqlite
def test_a_deferred_mail_of_events_goes_later_with_the_same_bytes(comments: House, sink: Sink) -> None:
    """C18: the claim survives the retry; one accepted mail."""
    from tests.sink import Do

    sink.script = lambda _who, number: Do.LATER_AT_DOT if number == 1 else Do.TAKE
    add(comments, event("a"))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)
    comments.move(hours=1)
    comments.dispatch(sink)

    assert len([mail for mail in sink.mails if mail.answered]) == 1
    assert fates(comments) == {"a": "sent"}


@pytest.mark.sqlite
@pytest.mark.parametrize("window", [HOUR, INSTANT])
def test_closing_twice_is_the_same_as_once(comments: House, window: WindowPolicy, sink: Sink) -> None:
    """C6: one mail."""
    stream(comments, window)
    add(comments, event("a"))
    comments.move(hours=1)
    tick(comments)
    tick(comments)
    comments.dispatch(sink)

    assert len(sink.mails) == 1


def test_a_readers_queue_says_what_became_of_each_event_and_why_one_waits(comments: House, sink: Sink) -> None:
    """Latest first."""
    add(comments, event("a"))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)
    add(comments, event("b"), event("c", actor={"address": "ana@example.org"}))
    found = latest_events(comments.installation, "Ana@example.org")

    assert [(each.dedupe_key, each.fate) for each in found] == [
        *[("c", "suppressed(own)"), ("b", "waiting"), ("a", "sent")],
    ]
    assert found[1].closes_at == MONDAY + timedelta(hours=2)


@pytest.mark.sqlite
def test_a_preview_is_the_mail_that_an_open_window_would_be(comments: House, sink: Sink) -> None:
    """To the byte, but for what only a planned mail has; who has nothing waiting would get none."""
    assert preview(comments.installation, "comments", "ana@example.org", at=comments.clock.now()).selection.skip
    add(comments, event("a"), event("b", on="cake"))
    shown = preview(comments.installation, "comments", "ana@example.org", at=comments.clock.now())
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert shown.slot_at == MONDAY + timedelta(hours=1)
    assert [each["title"] for each in shown.as_json()["lines"]] == ["Ben commented on Tea", "Ben commented on Cake"]
    mine, sent = (
        [line.rstrip() for line in each.splitlines() if "news.example.org/" not in line]
        for each in (shown.text, sink.mails[0].text)
    )
    assert mine == sent
    assert shown.made.subject == str(sink.mails[0].parsed["Subject"])


@pytest.mark.sqlite
def test_a_sample_of_a_stream_passes_the_lint(comments: House) -> None:
    """Made-up events, three of a category, gathered as real ones are."""
    shown = preview_sample(comments.installation, "comments", at=comments.clock.now())
    found = lint(shown.raw, now=comments.clock.now())

    assert shown.made.subject == "3 comments on Tariff truce"
    assert [str(each) for each in found if each.remark.level is Level.ERROR] == []

"""Newsletter files: what editors write, and what they are told when it cannot be used."""

from __future__ import annotations

import re
import string
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model.newsletter import (
    ApprovalRule,
    CutOff,
    Disclaimers,
    Fallback,
    InDoubt,
    Limits,
    Newsletter,
    NothingNew,
    Overflow,
    Retry,
    Schedule,
    Sender,
    Source,
    SourceKind,
    Unmarked,
    UnresolvedRelated,
)
from digest.model.topic import Topic
from digest.pipeline.newsletters.newsletter_changes import describe_changes
from digest.pipeline.newsletters.newsletter_file import BadNewsletterFile, NewsletterFile, read_newsletter_file
from digest.shipped import shipped_folder
from digest.store.durations import duration_text, read_duration
from digest.store.specs import (
    newsletter_as_json,
    newsletter_from_json,
    source_as_json,
    source_from_json,
    topic_as_json,
    topic_from_json,
)

GOOD = """
[topics.economy]
name = "Economy"
[topics.trade]
name = "Trade"
names = {ko = "무역", de = "Handel"}
keywords = ["tariff", "exports", "Tariff"]
parent = "economy"
[sources.world]
kind = "feed"
location = "https://www.example.org/world.xml"
[newsletters.daily]
name = "Daily"
topics = ["trade"]
sources = ["world"]
postal_address = "1 Example Street, Berlin"
[newsletters.daily.sender]
name = "Example Press"
address = "digest@news.example.org"
"""


def read(text: str, **options: object) -> NewsletterFile:
    return read_newsletter_file(text, name="file.toml", folder=Path("/press"), **options)  # type: ignore[arg-type]


def problems_of(text: str, **options: object) -> list[str]:
    with pytest.raises(BadNewsletterFile) as caught:
        read(text, **options)
    return caught.value.problems


def test_a_short_file_gives_a_newsletter_with_sensible_defaults():
    """Only names, sender and postal address are needed."""
    found = read(GOOD)

    letter = found.newsletters[0]
    assert (letter.slug, letter.schedule, letter.limits) == ("daily", Schedule(), Limits())
    assert letter.list_id == "daily.news.example.org"
    assert found.topics[1].keywords == ("tariff", "exports")
    assert found.topics[1].name_in("ko-KR") == "무역"
    assert found.warnings == ()


def test_a_topic_has_words_by_language_and_examples():
    """A word that means something else elsewhere is sought in its own language only."""
    more = '[topics.council]\nname = "Council"\nkeywords_in = {de = ["Rat", "rat"], fr = ["conseil"]}\n'
    found = read(GOOD + more + 'examples = ["https://example.org/council", "17"]\n').topics[-1]

    assert found.keywords_in == {"de": ("Rat",), "fr": ("conseil",)}
    assert found.examples == ("https://example.org/council", "17")
    assert topic_from_json("council", topic_as_json(found)) == found
    assert problems_of(GOOD + more.replace("fr =", "nowhere1 ="))[0].endswith('use one like "en", "ko" or "pt-BR"')


def test_the_shipped_example_can_be_applied_as_it_is():
    """Three newsletters, some twenty topics, each with keywords in five languages; no warning."""
    path = shipped_folder("subscribers") / "example.toml"

    found = read_newsletter_file(path.read_text("utf-8"), name="example.toml", folder=path.parent)

    assert [letter.slug for letter in found.newsletters] == ["daily", "technology", "weekend"]
    assert len(found.topics) >= 20
    assert all(set(topic.names) == {"ko", "ja", "ar", "de"} for topic in found.topics)
    assert found.warnings == ()


def test_every_problem_of_a_file_is_told_at_once():
    """An editor mends a file once, not once per mistake."""
    problems = problems_of(
        """
        [topics.trade]
        name = "Trade"
        parent = "ecnomy"
        [topics.economy]
        name = "Economy"
        [newsletters.daily]
        topics = ["trad"]
        look_bak = "3d"
        tracking = true
        [newsletters.daily.sender]
        name = "Example"
        [newsletters.daily.schedule]
        days = ["mon", "tuseday"]
        at = "25:00"
        zone = "Europe/Berln"
        [newsletters.daily.limits]
        min_items = 0
        """
    )

    text = "\n".join(problems)
    assert all(re.match(r"file\.toml: line \d+, \[", problem) for problem in problems)
    for expected in (
        "[newsletters.daily] sender.address is missing",
        "[newsletters.daily] name is missing",
        "[newsletters.daily] postal_address is missing",
        "look_bak is not a setting of this table; did you mean 'look_back'?",
        "tracking must be false",
        "'tuseday', which is no day; did you mean 'tuesday'?",
        "schedule.at must be a time of day",
        "Europe/Berlin",
        "limits.min_items must be a whole number from 1",
        "topics has 'trad', which is not defined; did you mean 'trade'?",
        "[topics.trade] parent 'ecnomy' is no topic; did you mean 'economy'?",
    ):
        assert expected in text
    assert len(problems) == 11


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(("digest@news.example.org", "not an address"), "sender.address cannot be used", id="address"),
        pytest.param(
            ("Example Press", "Example\\nBcc: x@example.org"), "sender.name has a line break", id="line break"
        ),
        pytest.param(("topics = [", 'locale = "klingon"\ntopics = ['), "'klingon' is no locale", id="locale"),
        pytest.param(("topics = [", 'list_id = "a b"\ntopics = ['), "list_id must look like", id="list id"),
        pytest.param(("topics = [", 'expires_after = "soon"\ntopics = ['), "must be a duration", id="duration"),
        pytest.param(("topics = [", 'look_back = "0d"\ntopics = ['), "must be a duration", id="no time at all"),
        pytest.param(("topics = [", 'in_doubt = "resend"\ntopics = ['), "must be one of 'resend_once'", id="choice"),
        pytest.param(
            ("[newsletters.daily.sender]", "limits = {max_html_bytes = 19_999}\n[newsletters.daily.sender]"),
            "limits.max_html_bytes must be a whole number from 20",
            id="smaller than the frame",
        ),
        pytest.param(
            ("topics = [", 'cut_off = {before = "1h", at = "05:00"}\ntopics = ['),
            "cut_off.before and at exclude each other",
            id="two cut-offs",
        ),
        pytest.param(
            ("topics = [", "cut_off = {days_before = 1}\ntopics = ["), "cut_off.at is missing", id="no time of cut-off"
        ),
        pytest.param(
            ("topics = [", 'cut_off = {before = "8d"}\ntopics = ['), "is longer than 7 days", id="an early cut-off"
        ),
        pytest.param(
            ("topics = [", 'cut_off = {at = "5 am", zone = "Mars"}\ntopics = ['),
            "cut_off.at must be a time of day",
            id="no time of day",
        ),
        pytest.param(
            ("topics = [", "approval = true\ntopics = ["), "approval needs a fixed cut-off", id="approval of no pool"
        ),
        pytest.param(
            ("topics = [", 'approval = "two"\ncut_off = {at = "18:00", days_before = 1}\ntopics = ['),
            "which comes before the cut-off",
            id="approval too late",
        ),
        pytest.param(("topics = [", 'approval = "three"\ntopics = ['), "must be true, false, or 'two'", id="three"),
        pytest.param(
            ("topics = [", "require_clean_lint = true\ntopics = ["), "needs approval = true", id="clean for nobody"
        ),
        pytest.param(("topics = [", 'fallback = "most"\ntopics = ['), "must be one of 'none', 'pinned'", id="fallback"),
        pytest.param(
            ("[newsletters.daily.sender]", 'limits = {overflow = "keep"}\n[newsletters.daily.sender]'),
            "limits.overflow must be one of 'rollover', 'count', 'drop'",
            id="overflow",
        ),
        pytest.param(("https://www.example.org", "ftp://www.example.org"), "must start with https://", id="scheme"),
        pytest.param(("[topics.trade]", "[topics.Trade]"), "must be lower-case letters", id="slug"),
        pytest.param(("[topics.trade]", "[topcs.trade]"), "did you mean 'topics'?", id="unknown table"),
        pytest.param(('name = "Daily"', "name = 5"), 'name must be text in "quotes"', id="number for text"),
        pytest.param(('name = "Economy"', 'name = "Economy"\nparent = "trade"'), "leads in a circle", id="circle"),
        pytest.param(('name = "Daily"', 'name = "Daily"\nname = "Twice"'), "not valid TOML", id="bad TOML"),
        pytest.param(("[newsletters.daily.sender]", "[newsletters]\ndaily = 3\n[x]"), "not valid TOML", id="redefined"),
    ],
)
def test_a_newsletter_that_would_not_work_is_refused(change: tuple[str, str], told: str):
    """The line says which setting and what to write."""
    assert change[0] in GOOD

    assert any(told in problem for problem in problems_of(GOOD.replace(change[0], change[1], 1)))


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("true", ApprovalRule.ONE),
        ("false", ApprovalRule.NONE),
        ('"two"', ApprovalRule.TWO),
        ('"one"', ApprovalRule.ONE),
    ],
)
def test_an_approval_is_of_one_person_or_of_a_second_one(said: str, rule: ApprovalRule):
    """And is kept as it is said."""
    text = f'approval = {said}\nrequire_clean_lint = {str(bool(rule)).lower()}\ncut_off = {{at = "05:00", days_before = 1}}'
    (letter,) = read(GOOD.replace("topics = [", f"{text}\ntopics = [", 1)).newsletters

    assert (letter.approval, letter.require_clean_lint) == (rule, bool(rule))
    assert newsletter_from_json(letter.slug, newsletter_as_json(letter)) == letter


@pytest.mark.parametrize(
    ("cut_off", "expected", "warned"),
    [
        ('{before = "90m"}', CutOff(timedelta(minutes=90)), False),
        ('{at = "18:00", days_before = 1}', CutOff(at=time(18), days_before=1), True),
        ('{at = 05:00:00, zone = "Asia/Seoul", days_before = 1}', CutOff(at=time(5), zone="Asia/Seoul", days_before=1), False),
    ],
)  # fmt: skip
def test_a_cut_off_is_before_each_slot_or_once_for_all(cut_off: str, expected: CutOff, warned: bool):
    """With each reader's own seven o'clock the first are due at 17:00 UTC of the day before."""
    found = read(GOOD.replace("topics = [", f"cut_off = {cut_off}\ntopics = [", 1))

    assert found.newsletters[0].cut_off == expected
    assert any("later than the hour of the first readers" in warning for warning in found.warnings) is warned


def test_the_postal_address_of_the_installation_stands_in():
    """One address in .env is enough for all newsletters."""
    without = GOOD.replace('postal_address = "1 Example Street, Berlin"', "")

    assert read(without, postal_address="2 Other Street").newsletters[0].postal_address == "2 Other Street"


def test_a_sender_at_a_free_mailbox_provider_is_a_warning():
    """It may work for a club; for most it will not."""
    found = read(GOOD.replace("digest@news.example.org", "our.club@gmail.com"))

    assert "gmail.com" in found.warnings[0]


def test_topics_that_are_already_in_the_database_may_be_named():
    """A file with one newsletter need not repeat the vocabulary."""
    text = GOOD.replace('topics = ["trade"]', 'topics = ["space"]')

    assert read(text, known_topics={"space": ""}).newsletters[0].topics == ("space",)


def test_a_folder_source_starts_at_the_file_that_names_it():
    """Wherever the command is run."""
    text = GOOD.replace('kind = "feed"', 'kind = "folder"').replace("https://www.example.org/world.xml", "articles/")

    assert Path(read(text).sources[0].location) == Path("/press/articles")


def test_times_may_be_written_as_toml_times():
    """`at = 07:30:00` is a local time of TOML itself."""
    found = read(GOOD + '[newsletters.daily.schedule]\ndays = "weekdays"\nat = 07:30:00\nzone = "asia/seoul"\n')

    assert found.newsletters[0].schedule == Schedule((0, 1, 2, 3, 4), time(7, 30), "Asia/Seoul")


def test_changes_are_told_in_words():
    """What the dry run shows: old and new value, and what came to a list and went from it."""
    before = read(GOOD)
    after = read(GOOD.replace('"tariff", "exports"', '"tariff", "imports"').replace("Daily", "Every Day"))

    assert describe_changes(before, before) == []
    assert describe_changes(before, after) == [
        "topic trade: keywords +imports -exports",
        "newsletter daily: name Daily → Every Day",
    ]


_words = st.text(string.ascii_letters + "éß무역 ", min_size=1, max_size=20)
_slugs = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10)
_spans = st.integers(1, 10_000_000).map(lambda seconds: timedelta(seconds=seconds))
_topics = st.builds(
    Topic, _slugs, _words, st.lists(_words, max_size=3).map(tuple), st.dictionaries(_slugs, _words, max_size=2), _slugs
)
_sources = st.builds(Source, _slugs, st.sampled_from(SourceKind), _words, _spans, _slugs, st.none() | st.booleans())
_newsletters = st.builds(
    Newsletter,
    slug=_slugs,
    name=_words,
    sender=st.builds(Sender, _words, _words, _words),
    postal_address=_words,
    schedule=st.builds(
        Schedule,
        st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
        st.builds(time, st.integers(0, 23), st.integers(0, 59)),
        st.sampled_from(["", "Asia/Seoul"]),
    ),
    limits=st.builds(Limits, *[st.integers(1, 1000)] * 4, overflow=st.sampled_from(Overflow)),
    cut_off=st.one_of(
        st.builds(CutOff, st.just(timedelta(0)) | _spans),
        st.builds(
            CutOff, at=st.times().map(lambda at: at.replace(second=0, microsecond=0)), days_before=st.integers(0, 7)
        ),
    ),
    fallback=st.sampled_from(Fallback),
    nothing_new=st.sampled_from(NothingNew),
    welcome=st.booleans(),
    topics=st.lists(_slugs, max_size=3).map(tuple),
    disclaimers=st.builds(Disclaimers, st.sampled_from(Unmarked), st.dictionaries(_slugs, _words, max_size=2)),
    unresolved_related=st.sampled_from(UnresolvedRelated),
    in_doubt=st.sampled_from(InDoubt),
    retry=st.builds(Retry, st.lists(_spans, min_size=1, max_size=3).map(tuple), _spans),
    look_back=_spans,
    freshness_half_life=_spans,
    urgent=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(_newsletters, _topics, _sources)
def test_what_is_stored_of_a_newsletter_is_what_was_meant(letter: Newsletter, topic: Topic, source: Source):
    """Law: JSON and back gives the same value."""
    assert newsletter_from_json(letter.slug, newsletter_as_json(letter)) == letter
    assert topic_from_json(topic.slug, topic_as_json(topic)) == topic
    assert source_from_json(source.slug, source_as_json(source)) == source


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_reads_as_it_was_written(duration: timedelta):
    """Law: text and back gives the same whole seconds."""
    assert read_duration(duration_text(duration)) == duration


def test_a_source_with_a_password_in_its_address_is_refused_without_telling_it():
    """It would be kept, and shown to everybody who may see the sources."""
    with pytest.raises(BadNewsletterFile) as refused:
        read('[sources.world]\nkind = "feed"\nlocation = "https://anna:hunter2@press.example.org/feed"\n')

    assert "user name or password" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('[topics.trade]\nname = "Trade"\nnam = "T"\n', "line 3, [topics.trade] nam ", id="a key"),
        pytest.param(
            '\n\n[topics.trade]\nkeywords = ["a"]\n', "line 3, [topics.trade] name is missing", id="its table"
        ),
        pytest.param(
            '[newsletters.daily]\nname = "D"\npostal_address = """\nsender.address = "no"\n"""\n'
            'sender.name = "P"\nsender.address = "no"\n',
            "line 7, [newsletters.daily] sender.address cannot be used",
            id="a dotted key, not its like in a long text",
        ),
        pytest.param(
            '[newsletters.daily]\nname = "D"\npostal_address = "1 St"\n[newsletters.daily.sender]\nname = "P"\n',
            "line 4, [newsletters.daily] sender.address is missing",
            id="the table of a key that is missing",
        ),
        pytest.param(
            "[topics.trade]\nname =\n", "line 2, column 7: Invalid value; this is not valid TOML", id="no TOML"
        ),
    ],
)
def test_a_problem_is_told_with_its_line(text: str, said: str):
    """A file of twenty topics is long."""
    with pytest.raises(BadNewsletterFile) as refused:
        read(text)

    assert any(problem.startswith(f"file.toml: {said}") for problem in refused.value.problems), refused.value.problems


def test_a_zone_that_is_none_is_offered_the_word_for_the_readers_own():
    """Whoever writes "reader" means it."""
    with_zone = GOOD + '[newsletters.daily.schedule]\ndays = "weekdays"\nat = 07:30:00\nzone = "reader"\n'

    assert any('or "subscriber" for the reader\'s own' in problem for problem in problems_of(with_zone))

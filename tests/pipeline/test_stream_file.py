"""Streams in a newsletter file: what they say, what is refused in words, and that they survive the database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from digest.errors import BadInput, BadNewsletter
from digest.model.stream import Audience, Stream, WindowKind, WindowPolicy
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.newsletters.newsletter_file import BadNewsletterFile, read_newsletter_file
from digest.pipeline.newsletters.payload_schema import compile_schema
from digest.shipped import shipped_folder
from digest.store.specs import newsletter_as_json, newsletter_from_json
from tests.house import MONDAY, House

FRAME = """
[streams.comments]
name = "Comments"
sender = { name = "The Shop", address = "shop@example.org" }
postal_address = "1 Example Street"
"""


def read(more: str) -> Stream:
    file = read_newsletter_file(FRAME + more, name="s.toml", folder=Path())
    stream = file.newsletters[0].stream
    assert stream is not None
    return stream


def test_the_shipped_example_says_what_it_says() -> None:
    """And each stream is the same after it was stored as JSON."""
    path = shipped_folder("subscribers") / "notifications.example.toml"
    file = read_newsletter_file(path.read_text("utf-8"), name=path.name, folder=path.parent)

    assert [one.slug for one in file.newsletters] == ["thoughts", "account"]
    thoughts, account = (one.stream for one in file.newsletters)
    assert thoughts is not None
    assert account is not None
    hours = timedelta(hours=1)
    assert thoughts.window == WindowPolicy(WindowKind.LEADING, wait=hours, cooldown=6 * hours)
    assert account.audience is Audience.ANYONE
    assert {one.template for one in file.newsletters} == {"events"}
    assert [newsletter_from_json(one.slug, newsletter_as_json(one)) for one in file.newsletters] == [*file.newsletters]


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        ("", "[streams.comments] window.policy is missing: write one of 'schedule', 'fixed'"),
        ('window = { policy = "fixed" }', "window.wait is missing: policy 'fixed' needs it"),
        ('window = { policy = "sliding", gap = "1h", longest = "30m" }', "window.longest is shorter than gap"),
        ('window = { policy = "instant", wait = "1h" }', "window.wait means nothing to policy 'instant'"),
        ('window = { policy = "fixd" }', "must be one of"),
        ('window = { policy = "fixed", wait = "1h", max_events = 0 }', "window.max_events must be a whole number"),
        ('window = { policy = "instant" }\ntopics = ["trade"]', "topics is a setting of newsletters"),
        ('window = { policy = "instant" }\nschema = { allOf = [] }', "schema cannot be used: schema has 'allOf'"),
        ('window = { policy = "instant" }\nschema = { type = "text" }', "schema.type must be one or more of"),
        ('window = { policy = "instant" }\ncategories.reply = {}', "categories.reply.one is missing"),
        ('window = { policy = "instant" }\naudience = "all"', "audience must be one of"),
        (
            'window = { policy = "instant" }\ncategories.a.one.en = "{titel}"\nschema.additionalProperties = false\nschema.properties.title = {}',
            "has {titel}, which the schema has not; did you mean 'title'?",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused_in_words(says: str, problem: str) -> None:
    """With the table and the key to look at."""
    with pytest.raises(BadNewsletterFile) as raised:
        read(says)

    assert any(problem in line for line in raised.value.problems), raised.value.problems


@pytest.mark.sqlite
def test_a_newsletter_does_not_become_a_stream(house: House, tmp_path: Path) -> None:
    """Its readers agreed to something else."""
    file = tmp_path / "s.toml"
    file.write_text(FRAME.replace("comments", "daily") + 'window = { policy = "instant" }\n')

    with pytest.raises(BadNewsletter, match="daily is a newsletter already"):
        apply_file(house.engine, file, now=MONDAY)


@pytest.mark.sqlite
def test_applying_a_stream_twice_changes_nothing_and_a_change_is_told(house: House, tmp_path: Path) -> None:
    """As with newsletters."""
    file = tmp_path / "s.toml"
    file.write_text(FRAME + 'window = { policy = "fixed", wait = "1h" }\n')
    first = apply_file(house.engine, file, now=MONDAY)
    second = apply_file(house.engine, file, now=MONDAY)
    file.write_text(FRAME + 'window = { policy = "fixed", wait = "10m" }\n')
    third = apply_file(house.engine, file, now=MONDAY)

    assert [first.changes, second.changes] == [("stream comments: new",), ()]
    assert third.changes == ("stream comments: stream.window.wait 1h → 10m",)


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        ({"type": "string"}, "a", ""),
        ({"type": ["string", "null"]}, None, ""),
        ({"type": "integer"}, True, "payload must be of type integer"),
        ({"type": "number", "minimum": 0}, -1, "payload must have minimum 0"),
        ({"maxLength": 3}, "four", "payload must have maxLength 3"),
        ({"enum": ["a", "b"]}, "c", "payload must be one of 'a', 'b'"),
        ({"const": 1}, 1, ""),
        ({"required": ["a"]}, {}, "payload.a is missing"),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1, "b": 2}, "payload.a must be of type string"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, "payload.b is not in the schema"),
        ({"items": {"type": "integer"}}, [1, "2"], "payload[1] must be of type integer"),
        ({"minItems": 1}, [], "payload must have minItems 1"),
        ({"title": "Only words", "description": "…"}, object(), ""),
    ],
)
def test_a_payload_is_checked_keyword_by_keyword(schema: dict[str, object], value: object, problem: str) -> None:
    """What is wrong is said with its place; a keyword about another type says nothing."""
    assert compile_schema(schema)(value, "payload") == problem


def test_a_schema_beyond_what_is_checked_is_refused() -> None:
    """A rule that is not kept would be worse than none."""
    with pytest.raises(BadInput, match="'pattern', which is not checked here"):
        compile_schema({"properties": {"a": {"pattern": "^a"}}})

"""What a table [streams.…] of a newsletter file has beside the settings of a newsletter."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from digest.errors import BadInput
from digest.model.stream import Audience, Category, PriorityRule, RepeatScope, Stream, WindowKind, WindowPolicy
from digest.pipeline.newsletters.checked_table import CheckedTable, suggestion
from digest.pipeline.newsletters.payload_schema import compile_schema
from digest.scheduling.windows import wrong_with

EVENTS = "events"  #: the mail template of a stream that names none
PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
OF_AN_EVENT = ("actors", "object", "count")
_OF_ARTICLES = (
    *("topics", "sources", "disclaimers", "unresolved_related", "look_back", "expires_after", "freshness_half_life"),
    *("cut_off", "fallback", "nothing_new", "welcome", "archive"),
)
_DURATIONS = ("wait", "gap", "longest", "cooldown", "step", "before")
_LARGEST = 10_000  # events in a window


def read_stream(table: CheckedTable, read_language: Callable[[str], str]) -> Stream:
    """Return what makes a newsletter's *table* a stream; problems are noted in it."""
    for key in _OF_ARTICLES:
        if table.has(key):
            table.wrong(key, "is a setting of newsletters: the mails of a stream have no articles")
    values = _schema(table)
    return Stream(
        window=_window(table.table("window")),
        categories=_categories(table.table("categories"), table.raw("categories"), read_language, values),
        priority=table.choice("priority", PriorityRule.AS_SENT, {one.value: one for one in PriorityRule}),
        repeat=table.choice("repeat", RepeatScope.STREAM, {one.value: one for one in RepeatScope}),
        audience=table.choice("audience", Audience.SUBSCRIBED, {one.value: one for one in Audience}),
        schema=values,
    )


def _schema(table: CheckedTable) -> dict[str, Any]:
    given = table.raw("schema") if table.has("schema") else {}
    try:
        compile_schema(given)
    except BadInput as problem:
        table.wrong("schema", f"cannot be used: {problem}")
        return {}
    return dict(given)


def _window(table: CheckedTable) -> WindowPolicy:
    if not table.has("policy"):
        listed = ", ".join(repr(one.value) for one in WindowKind)
        table.wrong("policy", f"is missing: write one of {listed}")
    kind = table.choice("policy", WindowKind.INSTANT, {one.value: one for one in WindowKind})
    policy = WindowPolicy(
        kind,
        max_events=table.number("max_events", 0, 1, _LARGEST),
        **{name: table.duration(name, timedelta(0)) for name in _DURATIONS},
    )
    if table.has("policy"):
        for name, what in wrong_with(policy):
            table.wrong(name, what)
    table.refuse_unknown()
    return policy


def _categories(
    table: CheckedTable, given: object, read_language: Callable[[str], str], schema: dict[str, Any]
) -> dict[str, Category]:
    found: dict[str, Category] = {}
    for name in given if isinstance(given, dict) else ():
        one = table.table(name)
        category = Category(
            one.texts_by_language("one", read_language),
            one.texts_by_language("many", read_language),
            one.text("text", "{text}"),
            one.text("url", "{url}"),
        )
        if not category.one:
            one.wrong("one", 'is missing: the line for one event by language, like {en = "{actors} wrote: {title}"}')
        for key in ("one", "many"):
            for text in getattr(category, key).values():
                _check_places(one, key, text, schema)
        _check_places(one, "text", category.text, schema)
        _check_places(one, "url", category.url, schema)
        one.refuse_unknown()
        found[name] = category
    return found


def _check_places(table: CheckedTable, key: str, text: str, schema: dict[str, Any]) -> None:
    """Refuse words in braces that no event of the stream will ever have."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or schema.get("additionalProperties") is not False:
        return
    known = {*OF_AN_EVENT, *properties, "text", "url"}
    for name in PLACE.findall(text):
        if name not in known:
            table.wrong(key, f"has {{{name}}}, which the schema has not{suggestion(name, known)}")

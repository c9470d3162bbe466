"""Streams as plain JSON values, shaped like their tables in a newsletter file; a part of their newsletter's spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from digest.model.stream import Audience, Category, PriorityRule, RepeatScope, Stream, WindowKind, WindowPolicy
from digest.store.durations import duration_text, read_duration


def stream_as_json(stream: Stream) -> dict[str, Any]:
    """Return what a stream has beside its newsletter as a table of a newsletter file would say it."""
    return {
        "window": window_as_json(stream.window),
        "categories": {name: _category_as_json(one) for name, one in sorted(stream.categories.items())},
        "priority": stream.priority.value,
        "repeat": stream.repeat.value,
        "audience": stream.audience.value,
        "schema": dict(stream.schema),
    }


def window_as_json(policy: WindowPolicy) -> dict[str, Any]:
    """Return a policy as the file says it: "policy", and what it needs."""
    window: dict[str, Any] = {"policy": policy.kind.value}
    for each in fields(WindowPolicy):
        value = getattr(policy, each.name)
        if each.name != "kind" and value:
            window[each.name] = duration_text(value) if isinstance(value, timedelta) else value
    return window


def stream_from_json(spec: Mapping[str, Any]) -> Stream:
    """Return the stream of `stream_as_json`."""
    window = dict(spec["window"])
    kind, most = WindowKind(window.pop("policy")), window.pop("max_events", 0)
    return Stream(
        WindowPolicy(kind, max_events=most, **{name: read_duration(value) for name, value in window.items()}),
        {name: Category(**one) for name, one in spec.get("categories", {}).items()},
        PriorityRule(spec.get("priority", PriorityRule.AS_SENT)),
        RepeatScope(spec.get("repeat", RepeatScope.STREAM)),
        Audience(spec.get("audience", Audience.SUBSCRIBED)),
        dict(spec.get("schema", {})),
    )


def _category_as_json(category: Category) -> dict[str, Any]:
    return {
        "one": dict(sorted(category.one.items())),
        "many": dict(sorted(category.many.items())),
        "text": category.text,
        "url": category.url,
    }

"""What applying a newsletter file would change, in words; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from digest.pipeline.newsletters.newsletter_file import NewsletterFile
from digest.store.specs import newsletter_as_json, source_as_json, topic_as_json

_LONGEST = 60


def describe_changes(before: NewsletterFile, after: NewsletterFile) -> list[str]:
    """Return one line for each thing that *after* adds to or changes in *before*, in the order of *after*.

    What *before* has and *after* does not mention stays as it is, so it makes no line.
    """
    return [
        *_differences("topic", _specs(before.topics, topic_as_json), _specs(after.topics, topic_as_json)),
        *_differences("source", _specs(before.sources, source_as_json), _specs(after.sources, source_as_json)),
        *(
            line
            for kind, is_kind in (("newsletter", False), ("stream", True))
            for line in _differences(kind, *(_letters(each, streams=is_kind) for each in (before, after)))
        ),
    ]


def _letters(file: NewsletterFile, *, streams: bool) -> dict[str, dict[str, Any]]:
    return _specs((each for each in file.newsletters if (each.stream is not None) == streams), newsletter_as_json)


def _specs(things: Iterable[Any], as_json: Any) -> dict[str, dict[str, Any]]:
    return {thing.slug: as_json(thing) for thing in things}


def _differences(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    lines = []
    for slug, new in after.items():
        if slug not in before:
            lines.append(f"{kind} {slug}: new")
            continue
        old_values, new_values = _flat(before[slug]), _flat(new)
        for key in sorted(old_values.keys() | new_values.keys()):
            old, value = old_values.get(key), new_values.get(key)
            if old != value:
                lines.append(f"{kind} {slug}: {key} {_change(old, value)}")
    return lines


def _flat(spec: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in spec.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _change(old: Any, new: Any) -> str:
    if isinstance(old, list) and isinstance(new, list):
        gone = [f"-{one}" for one in old if one not in new]
        came = [f"+{one}" for one in new if one not in old]
        return " ".join(came + gone) or "in another order"
    return f"{_shown(old)} → {_shown(new)}"


def _shown(value: Any) -> str:
    text = "none" if value is None or value == "" else json.dumps(value, ensure_ascii=False).strip('"')
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

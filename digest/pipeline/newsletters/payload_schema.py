"""Check what an event carries against the JSON schema of its stream, by the part of JSON Schema that payloads need.

Keywords (draft 2020-12, validation vocabulary): type, enum, const, properties, required, additionalProperties,
items, minItems, maxItems, minLength, maxLength, minimum, maximum. Any other one is refused when the schema is read:
a rule that is not kept would be worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from digest.errors import BadInput

Check = Callable[[Any, str], str]
"""(value, where it stands) -> what is wrong with it in words, "" for nothing."""

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
_SAYS_NOTHING = {"title", "description", "$schema", "$id", "$comment", "examples", "default"}
_KNOWN = {
    *("type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems"),
    *("minLength", "maxLength", "minimum", "maximum"),
}


def compile_schema(schema: Mapping[str, Any]) -> Check:
    """Return what checks a payload; raises BadInput for a schema that is none, or beyond the keywords."""
    return _compile(schema, "schema")


def _compile(schema: Any, where: str) -> Check:
    if not isinstance(schema, Mapping):
        raise BadInput(f"{where} must be a table")
    unknown = sorted(schema.keys() - _KNOWN - _SAYS_NOTHING)
    if unknown:
        raise BadInput(f"{where} has {unknown[0]!r}, which is not checked here; it knows {', '.join(sorted(_KNOWN))}")
    checks = [make(schema, where) for make in (_type, _values, _sizes, _properties, _items)]
    rules = [check for check in checks if check is not None]

    def check(value: Any, at: str) -> str:
        for rule in rules:
            if wrong := rule(value, at):
                return wrong
        return ""

    return check


def _type(schema: Mapping[str, Any], where: str) -> Check | None:
    if "type" not in schema:
        return None
    names = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    if not names or not all(name in _TYPES for name in names):
        raise BadInput(f"{where}.type must be one or more of {', '.join(_TYPES)}")
    kinds = tuple(kind for name in names for kind in _TYPES[name])
    plain = bool not in kinds

    def check(value: Any, at: str) -> str:
        if isinstance(value, kinds) and not (plain and isinstance(value, bool)):
            return ""
        return f"{at} must be of type {' or '.join(names)}"

    return check


def _values(schema: Mapping[str, Any], where: str) -> Check | None:
    if "enum" not in schema and "const" not in schema:
        return None
    allowed = list(schema["enum"]) if "enum" in schema else [schema["const"]]
    if not allowed:
        raise BadInput(f"{where}.enum must have values")
    return lambda value, at: "" if value in allowed else f"{at} must be one of {', '.join(map(repr, allowed))}"


def _sizes(schema: Mapping[str, Any], where: str) -> Check | None:
    bounds = {
        name: schema[name]
        for name in ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
        if name in schema
    }
    for name, bound in bounds.items():
        if not isinstance(bound, int | float) or isinstance(bound, bool):
            raise BadInput(f"{where}.{name} must be a number")
    if not bounds:
        return None

    def check(value: Any, at: str) -> str:
        for name, bound in bounds.items():
            size = _measured(name, value)
            if size is not None and (size < bound if name.startswith("min") else size > bound):
                return f"{at} must have {name} {bound}"
        return ""

    return check


def _measured(name: str, value: Any) -> float | None:
    """Return what the bound *name* is about, None for a value that it is not about."""
    if name.endswith("Length"):
        return len(value) if isinstance(value, str) else None
    if name.endswith("Items"):
        return len(value) if isinstance(value, list) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _properties(schema: Mapping[str, Any], where: str) -> Check | None:
    wanted = schema.get("properties", {})
    if not isinstance(wanted, Mapping):
        raise BadInput(f"{where}.properties must be a table")
    of = {name: _compile(one, f"{where}.properties.{name}") for name, one in wanted.items()}
    needed, more = schema.get("required", []), schema.get("additionalProperties", True)
    if not isinstance(needed, list) or not all(isinstance(one, str) for one in needed):
        raise BadInput(f"{where}.required must be a list of names")
    if not isinstance(more, bool):
        raise BadInput(f"{where}.additionalProperties must be true or false")
    if not (of or needed) and more:
        return None

    def check(value: Any, at: str) -> str:
        if not isinstance(value, dict):
            return ""
        for name in needed:
            if name not in value:
                return f"{at}.{name} is missing"
        for name, one in value.items():
            if name in of:
                if wrong := of[name](one, f"{at}.{name}"):
                    return wrong
            elif not more:
                return f"{at}.{name[:40]} is not in the schema"
        return ""

    return check


def _items(schema: Mapping[str, Any], where: str) -> Check | None:
    if "items" not in schema:
        return None
    one = _compile(schema["items"], f"{where}.items")

    def check(value: Any, at: str) -> str:
        found = (one(each, f"{at}[{number}]") for number, each in enumerate(value)) if isinstance(value, list) else ()
        return next((wrong for wrong in found if wrong), "")

    return check

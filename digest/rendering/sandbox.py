"""Jinja's sandbox with bounds: what an editor's template may take of memory and time (rendering, under templates).

Jinja keeps a template away from Python; here it also cannot fill the memory or run for hours. Loops and calls are
counted, and end with the time of the processor; texts and pages that a template makes have a largest length; lists that
it makes hold no lists, and what makes much of little is out of reach.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

from jinja2 import TemplateSyntaxError, Undefined, nodes, pass_environment, pass_eval_context
from jinja2.environment import Environment
from jinja2.exceptions import SecurityError
from jinja2.filters import do_join
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_FILE = 60_000  #: characters of one template
STEPS = 5_000  #: turns of loops and calls in one rendering of one file
SECONDS = 2.0  #: of the processor, for one rendering of one file; milliseconds are common
LONGEST_PAGE = 1_000_000  #: characters that one rendering gives; a mail has a tenth of that at most
_LONGEST_TEXT = 50_000  # that a template makes by itself; what it is given may be longer
_LARGEST_NUMBER = 2**31
_MOST_JOINED = 30  # operands of one ~
_How = tuple[bool, type[Undefined], tuple[tuple[str, Callable[..., Any]], ...]]  # escapes, what is missing, filters
# Names that no template can write.
_COUNTED, _BOUNDED, _SINGLE = "turns of a loop", "length of a text", "no list in a list"
_SHOWING = frozenset({"e", "upper", "lower", "trim", "wrap"})  # filters that make a text of anything
_OF_TEXTS = frozenset({
    *("split", "rsplit", "partition", "rpartition", "strip", "lstrip", "rstrip", "startswith", "endswith"),
    *("lower", "upper", "title", "capitalize", "casefold", "find", "count", "isdigit", "removeprefix", "removesuffix"),
})  # fmt: skip


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment whose templates do a bounded amount of work; `left` is what is left of it in this rendering."""

    intercepted_binops = frozenset(["*", "**", "%", "+"])

    def __init__(self, *, seconds: Callable[[], float] = time.thread_time, **settings: Any) -> None:
        """Take what says how long the processor has worked here, and the settings of Jinja."""
        super().__init__(**settings, finalize=_shown)
        self._seconds = seconds
        self.begin()
        self.filters = {_COUNTED: _counted, _BOUNDED: _bounded, _SINGLE: _checked, "join": _join}

    def begin(self) -> None:
        """Begin one rendering, with all its turns and its time."""
        self.left = STEPS
        self._until = self._seconds() + SECONDS
        self._shown = 0

    def show(self, count: int) -> None:
        """Count the characters that are shown, wherever they go."""
        self._shown += count
        if self._shown > LONGEST_PAGE:
            raise SecurityError(f"a template gives at most {LONGEST_PAGE:,} characters")

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Return what a template, a block or a macro gives, which has a largest length; Jinja's is "".join."""
        taken, length = list[str](), 0
        for piece in pieces:
            length += len(piece)
            if length > LONGEST_PAGE:
                raise SecurityError(f"a template gives at most {LONGEST_PAGE:,} characters")
            taken.append(piece)
        return "".join(taken)

    def wrap_str_format(self, value: Any) -> None:
        """Give no text its `format`: a width in it makes much of little."""

    def compile(  # type: ignore[override]  # Jinja's has one signature for each kind of answer
        self,
        source: str | nodes.Template,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> CodeType | str:
        """Compile *source* with its bounds built in; the same source once, for all newsletters and languages."""
        if isinstance(source, str):
            if len(source) > LONGEST_FILE:
                raise TemplateSyntaxError(f"a template has at most {LONGEST_FILE:,} characters", 1, name, filename)
            if not raw and not defer_init:
                how = (self.autoescape is True, self.undefined, tuple(self.filters.items()))
                return _compiled(source, name, filename, how)
            source = _with_bounds(self.parse(source, name, filename), name, filename)
        return super().compile(source, name, filename, raw, defer_init)  # type: ignore[no-any-return, call-overload]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may reach an attribute: of texts what makes nothing longer, of numbers nothing."""
        if isinstance(obj, str):
            return attr in _OF_TEXTS
        return not isinstance(obj, int | float | bytes) and super().is_safe_attribute(obj, attr, value)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - Jinja's signature
        """Call, and count it."""
        __self.step()
        return _bounded(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate with small numbers, join short texts."""
        if any(isinstance(each, int) and abs(each) >= _LARGEST_NUMBER for each in (left, right)):
            raise SecurityError(f"{operator!r} is only for numbers of moderate size")
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        texts = operator == "+" and isinstance(left, str) and isinstance(right, str)
        if operator == "**" or not (numbers or texts):
            raise SecurityError(f"{operator!r} is only for numbers of moderate size")
        return _bounded(super().call_binop(context, operator, left, right))

    def step(self) -> None:
        """Count one more turn or call."""
        self.left -= 1
        if self.left < 0:
            raise SecurityError(f"more than {STEPS:,} turns of loops and calls in one file")
        self.hurry()

    def hurry(self) -> None:
        """Raise SecurityError when the time is over."""
        if self._seconds() > self._until:
            raise SecurityError(f"it takes longer than {SECONDS:.0f} seconds")


@lru_cache(maxsize=256)
def _compiled(source: str, name: str | None, filename: str | None, how: _How) -> CodeType | str:
    """Compile for an environment of its own, so that the code depends on nothing but these arguments."""
    environment = Sandbox(autoescape=how[0], undefined=how[1])  # what is constant is worked out here, with this
    environment.filters = dict(how[2])
    return environment.compile(_with_bounds(environment.parse(source, name, filename), name, filename), name, filename)


def _with_bounds(tree: nodes.Template, name: str | None, filename: str | None) -> nodes.Template:
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            raise TemplateSyntaxError("a loop cannot be recursive here", loop.lineno, name, filename)
        loop.iter = _through(loop.iter, _COUNTED)
    for assigned in tree.find_all(nodes.Assign):
        assigned.node = _through(assigned.node, _BOUNDED)
    for block in tree.find_all(nodes.AssignBlock):
        block.filter = _through(block.filter, _BOUNDED)
    for joined in tree.find_all(nodes.Concat):
        if len(joined.nodes) > _MOST_JOINED:
            raise TemplateSyntaxError(f"~ joins at most {_MOST_JOINED} texts", joined.lineno, name, filename)
        joined.nodes = [_through(_through(each, _SINGLE), _BOUNDED) for each in joined.nodes]
    for several in tree.find_all(nodes.List):
        several.items = [_alone(each) for each in several.items]
    for fixed in tree.find_all(nodes.Tuple):
        if fixed.ctx == "load":
            fixed.items = [_alone(each) for each in fixed.items]
    for pair in tree.find_all(nodes.Pair):
        pair.value = _alone(pair.value)
    for used in tree.find_all(nodes.Filter):
        if used.name in _SHOWING and used.node is not None:
            used.node = _through(used.node, _SINGLE)
    return tree


def _alone(node: nodes.Expr) -> nodes.Expr:
    # What is written out within another is as small as the file.
    return node if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict) else _through(node, _SINGLE)


def _through(node: Any, name: str) -> nodes.Filter:
    # Without a node it is what a block holds.
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno if node else 1)


@pass_environment
def _counted(environment: Environment, items: Iterable[Any]) -> Iterator[Any]:
    assert isinstance(environment, Sandbox)
    for item in items:
        environment.step()
        yield item


def _bounded(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > _LONGEST_TEXT:
        raise SecurityError(f"a template makes texts of at most {_LONGEST_TEXT:,} characters")
    return value


@pass_environment
def _shown(environment: Environment, value: Any) -> Any:
    assert isinstance(environment, Sandbox)
    environment.show(len(value) if isinstance(value, str) else 1)
    return _single(value)


@pass_environment
def _checked(environment: Environment, value: Any) -> Any:
    assert isinstance(environment, Sandbox)
    environment.hurry()
    return _single(value)


def _single(value: Any) -> Any:
    """Return what is no list: shown, or in another list, a small one can stand for as much as anybody likes."""
    if isinstance(value, list | tuple | dict | set):
        raise SecurityError("a list cannot be shown, or be part of another list; use a loop or join")
    return value


@pass_eval_context
def _join(context: nodes.EvalContext, items: Iterable[Any], separator: Any = "") -> str:
    """Join texts to one that is not too long."""
    between, taken, length = str(_single(separator)), list[Any](), 0
    for each in _counted(context.environment, items):
        taken.append(_single(each))
        length += len(str(each)) + len(between)
        if length > _LONGEST_TEXT:
            raise SecurityError(f"a template makes texts of at most {_LONGEST_TEXT:,} characters")
    return do_join(context, taken, separator)  # type: ignore[no-any-return]  # Jinja types no filter

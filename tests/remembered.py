"""What nearly every test would work out again: compiled templates, inlined styles and an empty database.

They depend on nothing but what they are made of, and take most of the time of making an edition.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType

import pytest

from digest.rendering.inline import PremailerInliner
from digest.rendering.sandbox import Sandbox
from digest.store.engine import open_engine
from digest.store.migrate import require_current

_compile = Sandbox.compile
_inline = PremailerInliner.inline
_compiled: dict[tuple[object, ...], CodeType] = {}


@contextmanager
def remembering() -> Iterator[None]:
    """Compile each template and inline each document once in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sandbox, "compile", _compiled_once)
        patch.setattr(PremailerInliner, "inline", lambda _self, html: _inlined(html))
        yield


def _compiled_once(self: Sandbox, source: str, name: str | None = None, filename: str | None = None) -> CodeType:
    key = (self.autoescape, tuple(self.filters.items()), source, name, filename)
    if key not in _compiled:
        _compiled[key] = _compile(self, source, name, filename)
    return _compiled[key]


@lru_cache(maxsize=500)
def _inlined(html: str) -> str:
    return _inline(PremailerInliner(), html)


@cache
def empty_sqlite() -> bytes:
    """Return the file of an SQLite database with the schema of this release."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        engine = open_engine(f"sqlite:///{path}")
        require_current(engine)
        engine.dispose()
        return path.read_bytes()

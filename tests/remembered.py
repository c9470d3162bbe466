"""What nearly every test would work out again: compiled statements, inlined styles, an empty database.

They depend on nothing but what they are made of, and take most of the time of making an edition.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from digest.rendering.inline import PremailerInliner
from digest.store.engine import open_engine
from digest.store.migrate import require_current

_inline = PremailerInliner.inline
_open = Engine.__init__
#: By the type of dialect: statements that were compiled, and what is known of column types.
_statements: dict[type[DefaultDialect], tuple[LRUCache[Any, Any], WeakKeyDictionary[Any, Any]]] = {}


@contextmanager
def remembering() -> Iterator[None]:
    """Compile each statement once and inline each document once in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", _open_with_statements)
        # SQLAlchemy remembers statements for a dialect, and every engine has its own; ours are alike.
        patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))
        patch.setattr(DefaultDialect, "__eq__", lambda dialect, other: type(dialect) is type(other))
        patch.setattr(PremailerInliner, "inline", lambda _self, html: _inlined(html))
        yield


def _open_with_statements(self: Engine, pool: Any, dialect: DefaultDialect, *rest: Any, **more: Any) -> None:
    _open(self, pool, dialect, *rest, **more)
    known = _statements.setdefault(type(dialect), (LRUCache(10_000), WeakKeyDictionary()))
    self._compiled_cache, dialect._type_memos = known


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

"""Work that is the same in each history and costs most of its time, done once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from unittest import mock

from sqlalchemy import Engine, create_engine

from digest.pipeline.delivering import sending
from tests import house


class Compiled:
    """What SQLAlchemy knows of SQLite, and the statements that it has compiled."""

    def __init__(self) -> None:
        engine = create_engine("sqlite://")
        engine.connect().close()
        self._dialect, self._statements = engine.dialect, engine._compiled_cache

    def share(self, engine: Engine) -> None:
        """Let *engine*, whose listeners are all there, use it."""
        engine.dialect, engine._compiled_cache = self._dialect, self._statements


@contextmanager
def shortcuts() -> Iterator[None]:
    """Read the providers once, and take the tables for current."""
    with ExitStack() as stack:
        for where, name, stand_in in (
            (sending, "load_providers", cache(sending.load_providers)),
            (house, "require_current", lambda _engine: None),
        ):
            stack.enter_context(mock.patch.object(where, name, stand_in))
        yield

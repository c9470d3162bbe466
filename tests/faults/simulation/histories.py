"""Histories by their numbers: make the world once, copy it for each, play, and tell what went wrong."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.faults.simulation.laws import Broken
from tests.faults.simulation.shortcuts import Compiled, shortcuts
from tests.faults.simulation.world import World, prepare

MEMORY = Path("/dev/shm")  # histories need no disk that lasts
Bug = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A history in which a law was broken; its seed plays it again."""

    seed: int
    law: str
    story: list[str]


class Histories:
    """Plays histories from one prepared world in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first = folder / "first"
        self._compiled = Compiled()
        prepare(self._first)

    def play(self, seed: int, bug: Bug = nullcontext) -> tuple[Failure | None, list[str]]:
        """Play the history of *seed*, with *bug* in the product; return what went wrong, and the story."""
        folder = self._folder / "history"
        folder.mkdir()
        try:
            shutil.copy(self._first / "digest.db", folder)
            world = World(seed, folder, self._first / "templates", self._compiled)
            try:
                with bug():
                    world.play()
            except Broken as law:
                return Failure(seed, str(law), world.trace), world.trace
            except Exception as error:  # noqa: BLE001 - the product's own; its seed is what is wanted
                return Failure(seed, f"the sender fell over: {error!r}", world.trace), world.trace
            finally:
                world.close()
            return None, world.trace
        finally:
            shutil.rmtree(folder)


@contextmanager
def histories() -> Iterator[Histories]:
    """Give a player of histories, which keeps its files in memory where it can, and says nothing."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    try:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            player = Histories(Path(folder))
            with shortcuts():
                yield player
    finally:
        structlog.configure(**before)

"""Processes for tests that start in no time: each is forked from one that has the whole program loaded.

It is a process of its own, with its own folder, environment and files; only what it imports was read before, and what
the program keeps of files that come with it (warmed.py).
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import digest

# Commands import these when they need them.
_BESIDE = (
    "aiosmtpd.controller",
    "feedparser",
    "markdown_it",
    "procrastinate",
    "rich.progress",
    "trafilatura",
    "uvicorn",
)
_NOT_TO_IMPORT = {"__main__", "migrations"}  # they do something


class Forked:
    """`python -m MODULE ARGUMENTS < TYPED > OUT 2> ERR` in *folder*; to be waited for, as a `subprocess.Popen` is."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[object],
        *,
        folder: Path,
        environment: Mapping[str, str],
        out: Path,
        err: Path | None = None,
        typed: Path = Path(os.devnull),
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_modules())
        words, files = [module, *map(str, arguments)], (typed, out, err or out)
        self._process = context.Process(target=_become, args=(words, folder, dict(environment), files))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return the status, below 0 when a signal ended it, and None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        """Return the status when it has ended; TimeoutError when it has not by then."""
        self._process.join(seconds)
        status = self.poll()
        if status is None:
            raise TimeoutError(f"still running after {seconds} seconds")
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def _modules() -> list[str]:
    names = (each.name for each in pkgutil.walk_packages(digest.__path__, "digest."))
    return [name for name in names if not _NOT_TO_IMPORT & set(name.split("."))] + [*_BESIDE, "tests.warmed"]


def _become(words: list[str], folder: Path, environment: dict[str, str], files: tuple[Path, ...]) -> None:
    """Be that program, as far as it can tell."""
    for number, path in enumerate(files):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)

"""Stands between the program and PostgreSQL: passes everything on, until it is to hold it or to lose an answer."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_NAME = ".s.PGSQL.5432"
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  # the server's word that a transaction is on its disk


class GoBetween:
    """Use as a context manager; `folder` is the host of a database URL that leads through it."""

    def __init__(self, server: Path) -> None:
        self._server = server / _NAME
        self._loses_after: int | None = None
        self.lost = 0

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="digest-go-")  # a socket's path must be short
        self.folder = Path(self._temporary.name)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        self._temporary.cleanup()

    def hold(self) -> None:
        """Pass nothing on, and say nothing."""
        self._loop.call_soon_threadsafe(self._passing.clear)

    def go_on(self) -> None:
        """Pass on what was held, and all that follows."""
        self._loop.call_soon_threadsafe(self._passing.set)

    def lose_a_commit(self, after: int) -> None:
        """Break a connection instead of saying that its transaction is committed, *after* so many that are said."""
        self._loses_after = after

    def _call(self, what: object) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)  # type: ignore[arg-type]

    async def _start(self) -> None:
        self._passing = asyncio.Event()
        self._passing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = await asyncio.start_unix_server(self._accept, self.folder / _NAME)

    async def _stop(self) -> None:
        self._listening.close()
        for each in self._tasks:
            each.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_unix_connection(self._server)
        except OSError:
            writer.close()
            return
        ways = [self._pass(reader, back, spoken=False), self._pass(there, writer, spoken=True)]
        for way in ways:
            task = self._loop.create_task(way)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, spoken: bool) -> None:
        try:
            while data := await reader.read(1 << 16):
                await self._passing.wait()
                if spoken and self._loses(data):
                    break
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # one side is gone, and so the other one is told
        finally:
            writer.close()

    def _loses(self, data: bytes) -> bool:
        if self._loses_after is None or _COMMITTED not in data:
            return False
        self._loses_after -= 1
        if self._loses_after >= 0:
            return False
        self._loses_after = None
        self.lost += 1
        return True

"""Python's search for cyclic garbage, set for processes that serve or send for long."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 50_000  # between two searches; Python's 700 are searched some hundred times while a batch is read


def search_less() -> None:
    """Search for garbage less often, and leave out what is loaded by now: it stays as long as the process.

    Call it when all is loaded. A batch of a thousand events, or a block of digests, is many objects that live for a
    moment; to look through the whole program for each few hundred of them took a fifth of the time of `POST /events`.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)

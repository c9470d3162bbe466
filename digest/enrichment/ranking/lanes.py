"""Numbers side by side in one whole number: one addition adds all of them, each in a lane of its own.

Python adds long whole numbers some ten times faster than as many floats one by one; and exactly, so in any order.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

WIDTH = 95  #: bits of a number, besides its sign, that no sum may outgrow
LONGEST = 62  #: bits of a number to begin with
_BYTES, _LOW = 12, 32  # of a lane; and of its bits those that are not read
_HALF = 1 << 63


class Lanes:
    """So many lanes."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._written, self._read = Struct(f"<{'Q4x' * count}"), Struct(f"<{'4xQ' * count}")
        # What is added to a negative number lest it borrows from its neighbour.
        self._lift = sum(1 << (8 * _BYTES * lane + 63) for lane in range(count))

    def together(self, numbers: Iterable[int]) -> int:
        """Return *numbers*, one for each lane, of at most `LONGEST` bits each, as one."""
        return int.from_bytes(self._written.pack(*[one + _HALF for one in numbers]), "little") - self._lift

    def apart(self, one: int) -> list[int]:
        """Return the number in each lane of *one*, in units of 2**32."""
        lifted = one + (self._lift << _LOW)
        return [number - _HALF for number in self._read.unpack(lifted.to_bytes(_BYTES * self._count, "little"))]


UNIT = 1 << _LOW  #: what `apart` counts in

"""A layout: which pieces and reader slots make the two parts of one digest, in order; storable as JSON.

With the pieces (by their hash), the slot values and the headers the same bytes come out years later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from digest.errors import BadInput
from digest.rendering.marks import SlotRef

VERSION = 1
_as_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Run:
    """Slots, and literal text that has to be encoded with them for each reader.

    `before_end`: how many bytes before its end base64 may put filling spaces; None at the end of a part, and
    always in quoted-printable, where a run is a single slot.
    """

    parts: tuple[str | SlotRef, ...]
    before_end: int | None = None


Item = str | Run  # a piece's hash, or a run


@dataclass(frozen=True, slots=True)
class Part:
    """One text part: its Content-Transfer-Encoding, its items, the decoded bytes of everything but the slots."""

    transfer: str
    items: tuple[Item, ...]
    size: int

    def slots(self) -> tuple[SlotRef, ...]:
        """Return every slot in order, as often as it stands here."""
        return tuple(
            part for item in self.items if isinstance(item, Run) for part in item.parts if isinstance(part, SlotRef)
        )

    def decoded_size(self, widths: Mapping[str, int]) -> int:
        """Return the decoded bytes when slot `name` takes at most `widths[name]` bytes, and no more than 2 fill."""
        runs = sum(1 for item in self.items if isinstance(item, Run))
        slots = sum(max(widths[slot.name], 6 * len(slot.fallback.encode())) for slot in self.slots())
        return self.size + slots + 2 * runs


@dataclass(frozen=True, slots=True)
class Layout:
    """The text part and the HTML part of one digest."""

    text: Part
    html: Part

    @property
    def hashes(self) -> frozenset[str]:
        """The pieces that a store must keep as long as this layout."""
        return frozenset(item for part in (self.text, self.html) for item in part.items if isinstance(item, str))

    def html_size(self, widths: Mapping[str, int]) -> int:
        """Return the decoded bytes of the HTML part for the largest slot values; nothing is rendered."""
        return self.html.decoded_size(widths)

    @property
    def boundary(self) -> str:
        """The multipart boundary of its messages."""
        return boundary_of(self.to_json())

    def to_json(self) -> str:
        """Return the layout as compact ASCII JSON."""
        return _as_json({"v": VERSION, "text": _part_to(self.text), "html": _part_to(self.html)})

    @classmethod
    def from_json(cls, text: str) -> Layout:
        """Return the layout that to_json wrote; raises BadInput for anything else."""
        try:
            data = json.loads(text)
            if data["v"] != VERSION:
                raise BadInput(f"a layout of version {data['v']}; this program reads version {VERSION}")
            return cls(text=_part_from(data["text"]), html=_part_from(data["html"]))
        except (KeyError, TypeError, json.JSONDecodeError) as wrong:
            raise BadInput(f"not a stored layout: {wrong}") from None


def boundary_of(layout: str) -> str:
    """Return the boundary for *layout*, as JSON: "=_" is in neither encoding (RFC 2045 §6.7, RFC 2046 §5.1.1)."""
    return f"=_digest_{hashlib.sha256(layout.encode()).hexdigest()[:32]}"


def piece_hash(encoded: bytes) -> str:
    """Return the name of a piece: 32 hexadecimal characters of its SHA-256."""
    return hashlib.sha256(encoded).hexdigest()[:32]


def _part_to(part: Part) -> dict[str, object]:
    items = [item if isinstance(item, str) else _run_to(item) for item in part.items]
    return {"transfer": part.transfer, "size": part.size, "items": items}


def _run_to(run: Run) -> dict[str, object]:
    parts = [part if isinstance(part, str) else {"slot": part.name, "or": part.fallback} for part in run.parts]
    return {"run": parts, "end": run.before_end}


def _part_from(data: Mapping[str, object]) -> Part:
    items = data["items"]
    if not isinstance(items, list) or not isinstance(data["size"], int):
        raise TypeError("items must be a list and size a number")
    return Part(
        transfer=str(data["transfer"]),
        items=tuple(item if isinstance(item, str) else _run_from(item) for item in items),
        size=data["size"],
    )


def _run_from(data: Mapping[str, object]) -> Run:
    parts, end = data["run"], data["end"]
    if not isinstance(parts, list) or not (end is None or isinstance(end, int)):
        raise TypeError("a run must have parts and an end")
    return Run(
        tuple(part if isinstance(part, str) else SlotRef(str(part["slot"]), str(part["or"])) for part in parts), end
    )

"""Encode the blocks of a mail's two parts: each once, however many digests they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from digest.rendering.encode import (
    Pending,
    Transfer,
    arrange,
    arrange_base64,
    base64_lines,
    crlf,
    last_run,
    piece_bytes,
    quoted_printable,
    smaller,
)
from digest.rendering.layout import Item, Part, Run, piece_hash
from digest.rendering.marks import SlotRef

Atom = str | SlotRef


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Atoms that stand together in many digests; equal to itself only, so looking it up costs next to nothing."""

    atoms: tuple[Atom, ...]


class Encoder:
    """Encodes the texts of one part, each once; the part's own texts decide how, whatever else is in the press."""

    def __init__(self, *, html: bool) -> None:
        self.html = html
        self.pieces: dict[str, bytes] = {}
        self._known: dict[tuple[Transfer, str], tuple[str, int]] = {}
        self._weights: dict[str, tuple[int, int]] = {}
        self._block_weights: dict[Block, tuple[int, int]] = {}
        self._weighed: dict[str, bytes] = {}  # in quoted-printable, until the part is made
        self._based: dict[tuple[Block, Pending], tuple[list[Item], int, Pending]] = {}
        self._quoted: dict[Block, tuple[list[Item], int]] = {}

    def part(self, blocks: Sequence[Block]) -> Part:
        """Return *blocks* as a part; its pieces are in `pieces`."""
        weights = [self._block_weights.get(block) or self._weigh_block(block) for block in blocks]
        transfer = smaller(sum(plain for plain, _ in weights), sum(quoted for _, quoted in weights))
        if transfer is Transfer.BASE64:  # where pieces are filled up depends on their neighbours
            return self._in_base64(blocks)
        items, size = [], 0
        for block in blocks:
            known = self._quoted.get(block)
            if known is None:
                known = self._quoted[block] = self._encoded(arrange(block.atoms, transfer, html=self.html), transfer)
            items += known[0]
            size += known[1]
        self._weighed.clear()
        return Part(transfer, tuple(items), size)

    def _in_base64(self, blocks: Sequence[Block]) -> Part:
        items: list[Item] = []
        size = 0
        pending: Pending = ()
        for block in blocks:
            known = self._based.get((block, pending))
            if known is None:
                found, after = arrange_base64(pending, block.atoms, html=self.html)
                known = self._based[block, pending] = (*self._encoded(found, Transfer.BASE64), after)
            items += known[0]
            size += known[1]
            pending = known[2]
        last, more = self._encoded(last_run(pending), Transfer.BASE64)
        self._weighed.clear()
        return Part(Transfer.BASE64, (*items, *last), size + more)

    def _encoded(self, arranged: Iterable[str | Run], transfer: Transfer) -> tuple[list[Item], int]:
        """Return the items of what was arranged and the decoded bytes of all but the slots."""
        items: list[Item] = []
        size = 0
        for item in arranged:
            if isinstance(item, Run):
                items.append(item)
                size += sum(len(crlf(part)) for part in item.parts if isinstance(part, str))
            else:
                name, length = self._known.get((transfer, item)) or self._encode(transfer, item)
                items.append(name)
                size += length
        return items, size

    def at_most(self, blocks: Sequence[Block], widths: Mapping[str, int]) -> int:
        """Return the most bytes that *blocks* take when decoded: base64 fills a piece, or a slot, with up to two."""
        atoms = list(chain.from_iterable(block.atoms for block in blocks))
        texts = sum(2 + self._weigh(atom)[0] for atom in atoms if isinstance(atom, str))
        slots = tuple(Run((atom,)) for atom in atoms if isinstance(atom, SlotRef))
        return Part("", slots, texts).decoded_size(widths)

    def _weigh_block(self, block: Block) -> tuple[int, int]:
        weights = [self._weigh(atom) for atom in block.atoms if isinstance(atom, str)]
        self._block_weights[block] = sum(plain for plain, _ in weights), sum(quoted for _, quoted in weights)
        return self._block_weights[block]

    def _weigh(self, text: str) -> tuple[int, int]:
        """Return the bytes of *text*, plain and in quoted-printable."""
        if text not in self._weights:
            data = crlf(text)
            self._weighed[text] = quoted_printable(data)
            self._weights[text] = len(data), len(self._weighed[text])
        return self._weights[text]

    def _encode(self, transfer: Transfer, text: str) -> tuple[str, int]:
        if transfer is Transfer.BASE64:
            data = piece_bytes(text, html=self.html)
            encoded = base64_lines(data)
        else:
            data = crlf(text)
            encoded = self._weighed.get(text) or quoted_printable(data)
        name = piece_hash(encoded)
        self.pieces[name] = encoded
        self._known[transfer, text] = (name, len(data))
        return self._known[transfer, text]

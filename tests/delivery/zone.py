"""A resolver for tests: what it was given, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.delivery.names import LookupFailed


@dataclass
class Zone:
    """`records` by kind and name; `silent` answers nobody, and nobody answers for the names in `lost`."""

    records: dict[tuple[str, str], list[str]]
    silent: bool = False
    lost: frozenset[str] = frozenset()
    asked: list[tuple[str, str]] = field(default_factory=list)

    def look_up(self, name: str, kind: str) -> list[str]:
        self.asked.append((kind, name))
        if self.silent or name in self.lost:
            raise LookupFailed(f"{name} ({kind}) cannot be looked up: no name server answered")
        return self.records.get((kind, name), [])

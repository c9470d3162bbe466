"""A resolver for tests: what it was given, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.delivery.names import LookupFailed


@dataclass
class Zone:
    """`records` by kind and name; `silent` answers nobody."""

    records: dict[tuple[str, str], list[str]]
    silent: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def look_up(self, name: str, kind: str) -> list[str]:
        self.asked.append((kind, name))
        if self.silent:
            raise LookupFailed(f"{name} ({kind}) cannot be looked up: no name server answered")
        return self.records.get((kind, name), [])

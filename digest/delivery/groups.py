"""Recipient groups: the domains that one provider serves share its limits; any other domain is a group of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

GroupOf = Callable[[str], str]


def load_providers() -> dict[str, str]:
    """Return domain -> provider of the table beside this file."""
    with Path(__file__).with_name("groups.toml").open("rb") as file:
        table = tomllib.load(file)
    return {domain: provider for provider, domains in table.items() for domain in domains}


def grouping(providers: Mapping[str, str]) -> GroupOf:
    """Return the function from an address to its group: the provider of its domain, else the domain, lower case."""

    def group_of(address: str) -> str:
        domain = address.rpartition("@")[2].lower().rstrip(".")
        return providers.get(domain, domain)

    return group_of

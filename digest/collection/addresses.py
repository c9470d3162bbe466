"""Which network addresses we may connect to: our own table, since Python's ideas of "global" differ by release.

IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), and every form that hides an IPv4 address.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NEVER_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "169.254.0.0/16",  # link-local, cloud metadata among it
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, retired
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_PRIVATE_4 = tuple(
    IPv4Network(block)
    for block in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers (RFC 6598)
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks (RFC 2544)
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NEVER_6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: holds an IPv4 address
        "3fff::/20",  # documentation (RFC 9637)
        "3ffe::/16",  # the retired 6bone
    )
)
_PRIVATE_6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


def why_forbidden(address: str, *, allow_private: bool = False) -> str:
    """Return why we must not connect to the numeric *address*, "" when we may.

    *allow_private* lets in private, loopback and carrier-shared addresses; link-local ones (cloud metadata),
    multicast and reserved ones stay out.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "is not a network address"
    if isinstance(parsed, IPv4Address):
        if any(parsed in block for block in _PRIVATE_4):
            return "" if allow_private else "is a private address"
        return "is a reserved address" if any(parsed in block for block in _NEVER_4) else ""
    return _why_forbidden_6(parsed, allow_private)


def _why_forbidden_6(address: IPv6Address, allow_private: bool) -> str:
    if address.scope_id:
        return "is bound to one network interface"
    if any(address in block for block in _PRIVATE_6):
        return "" if allow_private else "is a private address"
    if address not in _GLOBAL_6 or any(address in block for block in _NEVER_6):
        # IPv4-mapped, NAT64, Teredo and 6to4 forms could carry any IPv4 address past the table above.
        return "is a reserved address, or another address in disguise"
    interface = (int(address) >> 32) & 0xFFFFFFFF
    if interface in (0x00005EFE, 0x02005EFE):
        return "holds an IPv4 address (ISATAP)"
    return ""


def is_disguised(host: str) -> bool:
    """Whether *host* is a number that some systems read as an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1, 127.1."""
    labels = host.rstrip(".").split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return False
    try:
        return str(IPv4Address(host)) != host
    except ValueError:
        return True

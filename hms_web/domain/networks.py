"""Which addresses lie inside: no provider of messages is there, and a worker must not be sent to look."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_OLD_SITE_LOCAL = IPv6Network("fec0::/10")


def is_inside(written: str) -> bool:
    """Whether an IP address is this machine's own, the local network's, a metadata service's, or anyhow not a public
    one. IPv6 addresses that stand for IPv4 ones are judged by those. What is no address counts as inside.
    """
    try:
        address = ip_address(written.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, IPv6Address):
        if address in _OLD_SITE_LOCAL:
            return True
        meant = _meant(address)
        if meant is not None:
            address = meant
    return address.is_multicast or not address.is_global


def _meant(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour

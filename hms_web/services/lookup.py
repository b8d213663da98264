"""Where host names lead: the one module that asks the resolver."""

import socket
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong

from hms_web.domain.networks import is_inside

SECONDS = 3.0


def addresses(host: str) -> frozenset[str]:
    """Return the IP addresses of a host, none where it has none or the resolver does not answer in time."""
    asking = ThreadPoolExecutor(1)
    try:
        found = asking.submit(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM).result(SECONDS)
    except (OSError, UnicodeError, TookTooLong):
        return frozenset()
    finally:
        asking.shutdown(wait=False)
    return frozenset(str(address[0]) for *_rest, address in found)


def leads_inside(host: str, allowed: Collection[str]) -> bool:
    """Whether any address of a host lies inside the network, and the host is not one of the `allowed` ones."""
    if host.casefold() in {name.casefold() for name in allowed}:
        return False
    return any(is_inside(address) for address in addresses(host))

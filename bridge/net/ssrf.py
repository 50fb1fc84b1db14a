"""Outgoing connections that refuse addresses inside the merchant's own network, and why one failed.

The check is made on the address of the very socket that is about to connect, after name resolution, so a
name that resolves to something else a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractResolver

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddress(OSError):
    """The name leads to an address that is not on the public internet."""


def is_public(address: Address) -> bool:
    """Whether it is a host of the public internet, also when it is an IPv4 address in IPv6 clothes."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _extract_ipv4(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def allow_any(_: Address) -> bool:
    """For a merchant whose invoicing service runs in their own network."""
    return True


def _extract_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


class SsrfSafeSession:
    """An aiohttp session whose connections go only to allowed addresses. Cookies and proxies are not used.

    `refused` says whether an address was refused since the start: aiohttp wraps the error of a connection.
    """

    def __init__(
        self,
        allowed: Callable[[Address], bool] = is_public,
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._tls = tls
        self.refused = False

    async def __aenter__(self) -> SsrfSafeSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._resolver,
                ssl=self._tls or True,
                use_dns_cache=False,
                force_close=True,
                socket_factory=self._open_socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        return self._session

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, target = info
        address = ipaddress.ip_address(str(target[0]))
        if not self._allowed(address):
            self.refused = True
            raise PrivateAddress(f"{address} is not a public address")
        return socket.socket(family=family, type=kind, proto=protocol)


def describe_error(error: BaseException) -> str:
    """An error in a few words, by its kind: its own text may hold the URL or parts of an answer."""
    if isinstance(error, TimeoutError):
        return "the time was over"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the name could not be resolved"
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)):
        return "TLS failed"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the connection was closed"
    if isinstance(error, (aiohttp.ClientOSError, OSError)):
        return (
            f"the connection failed: {os.strerror(error.errno)}" if error.errno else "the connection failed"
        )
    return f"the answer broke off ({type(error).__name__})"

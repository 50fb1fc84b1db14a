"""A listening HTTP server of the sandbox, and the middleware by which faults spoil it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from urllib.parse import unquote_plus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bridge.sandbox.http.faults import (
    DELIVERY_KINDS,
    IN_HANDLER_KINDS,
    Fault,
    FaultMenu,
    Kind,
)

Namer = Callable[[web.Request, bytes], Sequence[str]]

IN_HANDLER: ContextVar[Fault | None] = ContextVar("fault", default=None)
"""The fault that the handler of a request has to act out itself."""

LARGEST_BODY = 32 * 1024 * 1024
LOGIN_PAGE = "/en/accounts/login/?next=/"
PAGE = "<!DOCTYPE html>\n<html><head><title>Just a moment</title></head><body><h1>We will be right back</h1></body></html>\n"
GARBAGE = b'\x00\xff\xfe{"ok": tru\x80\x81 <<<'


class Site:
    """An application on a port of the loopback interface, which can go down and come up again."""

    def __init__(self, app: web.Application, *, host: str = "127.0.0.1", port: int = 0) -> None:
        # A handler goes on when its client hangs up: what a slow server was asked for still happens.
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        self._host = host
        self._port = port
        self._site: web.TCPSite | None = None

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    async def start(self) -> None:
        await self._runner.setup()
        await self.up()

    async def up(self) -> None:
        """Listen (again), on the same port as before."""
        if self._site is None:
            self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True, backlog=1024)
            await self._site.start()
            self._port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Stop listening and cut every connection: from now on connections are refused."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if self._runner.server:
            for connection in list(self._runner.server.connections):
                if connection.transport:
                    connection.transport.abort()

    async def stop(self) -> None:
        await self._runner.cleanup()
        self._site = None


def spoiling(menu: FaultMenu, name: Namer) -> Middleware:
    """Middleware that applies the rules of `menu`; `name` gives the endpoint names of a request."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        IN_HANDLER.set(None)  # a kept connection serves its requests in one context
        body = await request.read()
        names = name(request, body)
        fault = menu.draw(names, _text(request, body) if menu.rules else "")
        if fault is not None and fault.kind in DELIVERY_KINDS:
            fault = None
        response: web.StreamResponse | None = None
        try:
            response = await (handler(request) if fault is None else _spoil(request, handler, fault))
            return response
        except web.HTTPException as error:
            response = error
            raise
        finally:
            menu.saw(names, response.status if response is not None else None, fault)

    return middleware


def _text(request: web.Request, body: bytes) -> str:
    """The body as people would read it, for rules that look for a name in it."""
    text = body.decode("utf-8", "replace")
    if request.content_type == "application/x-www-form-urlencoded":
        return unquote_plus(text)
    return text


async def _spoil(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    if fault.kind in IN_HANDLER_KINDS:
        IN_HANDLER.set(fault)
        return await handler(request)
    if fault.kind is Kind.SLOW:
        await asyncio.sleep(fault.seconds)
        return await handler(request)
    answer = await handler(request) if fault.takes_effect else None
    if fault.kind is Kind.RESET:
        return reset(request)
    if fault.kind is Kind.SILENCE:
        await _wait_for_hang_up(request, fault.seconds)
        return reset(request)
    if fault.kind is Kind.TRUNCATED and isinstance(answer, web.Response):
        return await _truncate(request, answer)
    return _instead(fault)


def _instead(fault: Fault) -> web.Response:
    """A whole but wrong answer."""
    if fault.kind is Kind.GARBAGE:
        return web.Response(body=GARBAGE, content_type="application/octet-stream")
    if fault.kind is Kind.HTML:
        return web.Response(text=PAGE, content_type="text/html")
    if fault.kind is Kind.REDIRECT:
        return web.Response(status=302, headers={"Location": LOGIN_PAGE})
    if fault.kind is Kind.EMPTY:
        return web.Response(text="")
    headers = {"Retry-After": str(fault.seconds)} if fault.status in (429, 503) else {}
    return web.Response(status=fault.status, text=fault.body, headers=headers)


def reset(request: web.Request) -> web.StreamResponse:
    """Reset the connection (RST, not a polite close)."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()  # goes nowhere: there is no connection any more


async def _wait_for_hang_up(request: web.Request, seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while request.transport is not None and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - a poll ends with the connection
        await asyncio.sleep(0.02)


async def _truncate(request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = answer.body if isinstance(answer.body, bytes) else (answer.text or "").encode()
    cut = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return cut

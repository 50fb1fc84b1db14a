"""A server on a bare socket, which can misbehave in every way that HTTP libraries do not offer."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Respond = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def answer(
    body: bytes = b"", status: str = "200 OK", *headers: str, length: int | None = None
) -> Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]:
    """Respond with one HTTP answer and close."""
    size = len(body) if length is None else length
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers]) + "\r\n\r\n"
    return sends(head.encode() + body)


def sends(data: bytes) -> Respond:
    """Respond with these bytes, whatever they are, and close."""

    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        with contextlib.suppress(OSError):
            await writer.drain()

    return respond


async def resets(request: bytes, writer: asyncio.StreamWriter) -> None:
    """Take the request and cut the connection."""
    writer.transport.abort()


async def is_silent(request: bytes, writer: asyncio.StreamWriter) -> None:
    """Take the request and never answer."""
    await asyncio.sleep(30)


@dataclass
class RawServer:
    port: int = 0
    requests: list[bytes] = field(default_factory=list)  # what each connection sent
    connections: int = 0
    ended: list[bool] = field(default_factory=list)  # connections whose client closed without a request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """The request lines."""
        return [request.split(b"\r\n")[0].decode() for request in self.requests if request]


@asynccontextmanager
async def serving(*responses: Respond, context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve the responses in turn, the last one for ever."""
    server = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        respond = responses[min(server.connections, len(responses) - 1)]
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            request = await _request(reader)
            server.requests.append(request)
            if request:
                await respond(request, writer)
            else:
                server.ended.append(True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    listener = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> bytes:
    """One request by its Content-Length, or whatever came until the client closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = await reader.read(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    if len(body) < length:
        body += await reader.readexactly(length - len(body))
    return head + b"\r\n\r\n" + body

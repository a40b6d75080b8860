"""A TCP proxy between clients and the server that breaks connections in the ways networks do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket

_CHUNK = 16 * 1024
# Bytes that the kernel may keep on either side, so that a reader that stalls is soon felt.
_BUFFER = 64 * 1024
# Bytes of a segment, as on most networks. With the loopback device's 64 KiB the
# kernel gives each sender a buffer of 4 MB, which hides a stalled reader for long.
_SEGMENT = 1400


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = client
        self._server: asyncio.StreamWriter | None = None
        # While it is set, nothing passes any more, and neither end is told.
        self.is_mute = False

    async def carry(self, reader: asyncio.StreamReader) -> None:
        """Carry bytes both ways until one end closes or the link is cut."""
        try:
            answers, self._server = await _connect(self._proxy.target)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, self._server))
                both.create_task(self._pass(answers, self._client))
        except* OSError:
            pass
        finally:
            self.cut()

    def cut(self) -> None:
        """Reset both ends at once, with whatever was under way."""
        for writer in (self._client, self._server):
            if writer is not None:
                writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            if self._proxy.delay:
                await asyncio.sleep(self._proxy.rng.uniform(0, self._proxy.delay))
            if not self.is_mute:
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError


class Proxy:
    """Listens on a free port of the loopback address and forwards to `target`."""

    def __init__(self, target: int, rng: random.Random) -> None:
        self.target = target
        self.rng = rng
        # Seconds that each piece of data may be held up.
        self.delay = 0.0
        self._links: dict[Link, asyncio.Task[None] | None] = {}
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where clients connect to."""
        assert self._listener is not None
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def open(self, port: int = 0) -> None:
        """Begin to listen, at a free port or once more at that one."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", port, backlog=4096)

    async def close(self) -> None:
        """Cut all that is left and listen no more."""
        if self._listener is not None:
            self._listener.close()
        self.cut(1.0)
        tasks = [task for task in self._links.values() if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self, share: float) -> int:
        """Reset a share of the connections; return how many."""
        chosen = self._choose(share)
        for link in chosen:
            link.cut()
        return len(chosen)

    def mute(self, share: float) -> int:
        """Half-open a share of the connections: they stand, but nothing passes."""
        chosen = self._choose(share)
        for link in chosen:
            link.is_mute = True
        return len(chosen)

    def _choose(self, share: float) -> list[Link]:
        return [link for link in self._links if self.rng.random() < share]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        link = Link(self, writer)
        self._links[link] = asyncio.current_task()
        with contextlib.suppress(asyncio.CancelledError):
            await link.carry(reader)
        del self._links[link]


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    # The size must be set before the window is agreed on.
    end = socket.socket()
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        end.setblocking(False)
        await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=end)
    except BaseException:
        end.close()
        raise

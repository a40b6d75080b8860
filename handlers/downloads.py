"""`/uploads/{id}/{name}`: files go out to those who may read them."""

from __future__ import annotations

import asyncio
import re
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from handlers.base import ApiHandler
from handlers.cookies import FILES_COOKIE
from handlers.endpoint import endpoint
from handlers.ranges import Span, read_range
from handlers.routes import Route
from realchat.errors import ChatError, Code
from realchat.file_names import FileAddress
from realchat.ids import require_id
from realchat.models import Principal, StoredFile
from realchat.services import Services

# What a browser may show by itself: it runs no scripts and reaches for nothing.
INLINE = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/mp4",
        "audio/flac",
        "video/mp4",
        "video/webm",
        "text/plain; charset=utf-8",
    }
)
_ANY = "*/*"  # what was sniffed
_PIECE = 128 * 1024
# Seconds in which a reader must take a piece, so that none holds a file open for ever.
_STALL = 60
_YEAR = 365 * 86400
# RFC 6266, appendix D: what readers of the plain `filename` get wrong.
_AMBIGUOUS = re.compile(r'[^\x20-\x7e]|["\\%]')


class DownloadHandler(ApiHandler):
    """`/uploads/{id}/{name}`."""

    def initialize(self, services: Services) -> None:
        """Keep what the handler works with (Tornado's constructor)."""
        super().initialize(services)
        self._size = 0

    async def authenticate(self) -> Principal:
        """Return who asks: by the access token, or by the cookie that pages send for images."""
        if "Authorization" in self.request.headers:
            return await super().authenticate()
        token = FILES_COOKIE.read(self)
        if token is None:
            raise ChatError(Code.NOT_AUTHENTICATED)
        return await self.services.tokens.authenticate_files(token)

    @endpoint(
        reply_type=_ANY,
        raises=(Code.NOT_FOUND, Code.RANGE_NOT_SATISFIABLE),
        also={206: "The range that was asked for.", 304: "It is the one of `If-None-Match`."},
    )
    async def get(self, id: str, name: str) -> None:
        """Return a file, or a range of it."""
        address = FileAddress(require_id(id), name)
        file = await self.services.uploads.find(self.user_id, address)
        self._size = file.size
        self._describe_file(file)
        if self.check_etag_header():
            self.set_status(304)
            return
        span = self._choose_span(file)
        self.set_header("Content-Type", file.type)
        self.set_header("Content-Length", str(span.length))
        if self.request.method != "HEAD":
            await self._send(file, span)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with an error; to a range beyond the file, say how long that is."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, ChatError) and error.code is Code.RANGE_NOT_SATISFIABLE:
            self.set_header("Content-Range", f"bytes */{self._size}")
        super().write_error(status_code, **kwargs)

    def _describe_file(self, file: StoredFile) -> None:
        kind = "inline" if file.type in INLINE else "attachment"
        self.set_header("Content-Disposition", disposition(kind, file.name))
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.set_header("Cache-Control", f"private, max-age={_YEAR}, immutable")
        # Whoever signs in next in the same browser must not read from its cache.
        self.set_header("Vary", "Origin, Authorization, Cookie")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Etag", f'"{file.sha256}"')
        self.set_header("Last-Modified", _http_date(file))

    def _choose_span(self, file: StoredFile) -> Span:
        wanted = self.request.headers.get("Range")
        whole = Span(0, file.size)
        if wanted is None or self.request.method != "GET" or not self._is_range_meant(file):
            return whole
        span = read_range(wanted, file.size)
        if span is None:
            return whole
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {span.start}-{span.end - 1}/{file.size}")
        return span

    def _is_range_meant(self, file: StoredFile) -> bool:
        """Tell whether the file is still the one whose range is asked for."""
        condition = self.request.headers.get("If-Range")
        return condition in (None, f'"{file.sha256}"', _http_date(file))

    async def _send(self, file: StoredFile, span: Span) -> None:
        reader = await self.services.uploads.open(file, span.start, span.length)
        try:
            while piece := await reader.read(_PIECE):
                await self._send_piece(piece)
        except (StreamClosedError, TimeoutError):
            self.hang_up()
        except ChatError:
            if not self._headers_written:
                raise
            # What is missing then tells the reader that this was not all.
            self.hang_up()
        finally:
            await reader.close()

    async def _send_piece(self, piece: bytes) -> None:
        self.write(piece)
        async with asyncio.timeout(_STALL):
            await self.flush()


def disposition(kind: str, name: str) -> str:
    """Write a Content-Disposition (RFC 6266): the name in ASCII for old readers, and as it is."""
    plain = _AMBIGUOUS.sub("_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _http_date(file: StoredFile) -> str:
    return format_datetime(file.created_at, usegmt=True)


ROUTES = [Route("/uploads/{id}/{name}", DownloadHandler)]

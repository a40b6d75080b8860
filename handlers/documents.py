"""The documents of both interfaces, and the page that shows them."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.openapi import describe_routes
from handlers.routes import Route
from realchat.asyncapi import describe_frames
from realchat.errors import ChatError, Code

_FOLDER = Path(__file__).parent.parent / "static" / "docs"
_TYPES = {
    ".html": "text/html; charset=UTF-8",
    ".css": "text/css; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
}
# Read once, so that no request waits for the disk and no name reaches it.
_FILES = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class OpenApiHandler(ApiHandler):
    """`/openapi.json`."""

    @endpoint(public=True)
    async def get(self) -> msgspec.Raw:
        """Describe the REST interface as OpenAPI 3.1."""
        return encode_openapi(self.settings["routes"], self.services.settings.public_url)


class AsyncApiHandler(ApiHandler):
    """`/asyncapi.json`."""

    @endpoint(public=True)
    async def get(self) -> msgspec.Raw:
        """Describe the WebSocket interface as AsyncAPI 3.0."""
        return encode_asyncapi(self.services.settings.public_url)


class PageHandler(ApiHandler):
    """`/docs`."""

    @endpoint(public=True, reply_type="text/html")
    async def get(self) -> None:
        """Show both documents as a page."""
        self.send_file("docs.html")

    def send_file(self, name: str) -> None:
        """Finish with one of the page's files. Raises `not_found`."""
        if name not in _FILES:
            raise ChatError(Code.NOT_FOUND)
        self.set_header("Content-Type", _TYPES[Path(name).suffix])
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Cache-Control", "no-cache")
        self.finish(_FILES[name])


class PageFileHandler(PageHandler):
    """`/docs/…`: the page's style and script."""

    @endpoint(public=True, reply_type="application/octet-stream")
    async def get(self, name: str) -> None:
        """Give a file of the page."""
        self.send_file(name)


@functools.cache
def encode_openapi(routes: tuple[Route, ...], url: str) -> msgspec.Raw:
    """Write the REST interface's document, once for all who ask."""
    return msgspec.Raw(msgspec.json.encode(describe_routes(routes, url)))


@functools.cache
def encode_asyncapi(url: str) -> msgspec.Raw:
    """Write the WebSocket interface's document, once for all who ask."""
    return msgspec.Raw(msgspec.json.encode(describe_frames(url)))


ROUTES = [
    Route("/openapi.json", OpenApiHandler),
    Route("/asyncapi.json", AsyncApiHandler),
    Route("/docs", PageHandler),
    Route("/docs/{name}", PageFileHandler),
]

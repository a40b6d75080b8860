"""The documents of both interfaces, and the page that shows them."""

from __future__ import annotations

import functools

import msgspec

from handlers.assets import read_assets
from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.openapi import describe_routes
from handlers.pages import PageHandler
from handlers.routes import Route
from handlers.web_client import STATIC
from realchat.asyncapi import describe_frames

_FILES = read_assets(STATIC / "docs")


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


class DocumentsPageHandler(PageHandler):
    """`/docs`."""

    @endpoint(public=True, reply_type="text/html", also={304: "It is the one you have."})
    async def get(self) -> None:
        """Show both documents as a page."""
        self.send_page(_FILES["docs.html"])


class DocumentsFileHandler(PageHandler):
    """`/docs/…`: the page's style and script."""

    @endpoint(public=True, reply_type="*/*")
    async def get(self, name: str) -> None:
        """Give a file of the page."""
        self.send_asset(_FILES.get(name))


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
    Route("/docs", DocumentsPageHandler),
    Route("/docs/{name}", DocumentsFileHandler),
]

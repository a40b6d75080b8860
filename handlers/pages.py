"""The web client at `/`, and what every page goes out with: a strict policy, and in gzip."""

from __future__ import annotations

import re

from handlers.assets import Asset
from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from handlers.web_client import WebClient
from realchat.errors import ChatError, Code

# `connect-src 'self'` covers the WebSocket of the same host too (CSP 3, section 6.7.2.8).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self'; font-src 'none'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types realchat-worker"
)
# What a chat without calls never asks for. Browsers complain of names they do not know.
_UNUSED = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
# What a browser heeds of a document and of a worker only; a hundred modules go without.
_RULES = {
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",
}
_KEPT = "public, max-age=31536000, immutable"
_VERSION = re.compile(r"[0-9a-f]{12}")
# A coding with its weight (RFC 9110, section 12.5.3); 0 is a refusal.
_CODING = re.compile(r"\s*(gzip|\*)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?", re.IGNORECASE)
_SAME = {304: "It is the one you have."}


class PageHandler(ApiHandler):
    """Gives the files of a page."""

    def send_page(self, asset: Asset) -> None:
        """Finish with what runs: a document or a worker, under the strict policy."""
        for name, value in _RULES.items():
            self.set_header(name, value)
        self.send_asset(asset)

    def send_asset(self, asset: Asset | None, caching: str = "no-cache") -> None:
        """Finish with a file, in gzip for who takes that. Raises `not_found` for none."""
        if asset is None:
            raise ChatError(Code.NOT_FOUND)
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Cache-Control", caching)
        self.set_header("Vary", "Origin, Accept-Encoding")
        self.set_header("Content-Type", asset.type)
        packed = bool(asset.packed) and takes_gzip(self.request.headers.get("Accept-Encoding", ""))
        if packed:
            self.set_header("Content-Encoding", "gzip")
        self._tag = f'"{asset.tag}{"-gzip" if packed else ""}"'
        self.finish(asset.packed if packed else asset.body)

    def compute_etag(self) -> str | None:
        """Return the file's tag, instead of Tornado's own of every answer anew."""
        return self._tag

    @property
    def client(self) -> WebClient:
        """The web client that this application serves."""
        client = self.settings["client"]
        assert isinstance(client, WebClient)
        return client


class ChatPageHandler(PageHandler):
    """`/`."""

    @endpoint(public=True, reply_type="text/html", also=_SAME)
    async def get(self) -> None:
        """Show the web client."""
        self.send_page(self.client.document)


class ChatFileHandler(PageHandler):
    """`/static/{version}/…`."""

    @endpoint(public=True, reply_type="*/*", also=_SAME)
    async def get(self, version: str, path: str) -> None:
        """Give a file of the web client.

        It may be kept for ever at the address with the current version. Any other version
        gives the current file too, so that a page that was opened before goes on working.
        """
        if not _VERSION.fullmatch(version):
            raise ChatError(Code.NOT_FOUND)
        current = version == self.client.version
        self.send_asset(self.client.files.get(path), _KEPT if current else "no-cache")


class WorkerHandler(PageHandler):
    """`/service-worker.js`: at the root, which is as far as a worker reaches."""

    @endpoint(public=True, reply_type="text/javascript", also=_SAME)
    async def get(self) -> None:
        """Give what opens the web client without a connection."""
        self.send_page(self.client.worker)


class ManifestHandler(PageHandler):
    """`/manifest.webmanifest`."""

    @endpoint(public=True, reply_type="application/manifest+json", also=_SAME)
    async def get(self) -> None:
        """Say how the web client is installed."""
        self.send_asset(self.client.manifest)


class FaviconHandler(PageHandler):
    """`/favicon.ico`: what browsers ask for beside anything that is no page."""

    @endpoint(public=True, reply_type="image/png", also=_SAME)
    async def get(self) -> None:
        """Give the small icon."""
        self.send_asset(self.client.files.get("icons/favicon.png"))


def takes_gzip(header: str) -> bool:
    """Tell whether an `Accept-Encoding` header takes gzip; its own word counts more than `*`."""
    found = [_CODING.fullmatch(part) for part in header[:500].split(",")]
    weights = {match[1].lower(): float(match[2] or 1) for match in found if match}
    return weights.get("gzip", weights.get("*", 0)) > 0


ROUTES = [
    Route("/", ChatPageHandler),
    Route("/static/{version}/{path}", ChatFileHandler, deep="path"),
    Route("/service-worker.js", WorkerHandler),
    Route("/manifest.webmanifest", ManifestHandler),
    Route("/favicon.ico", FaviconHandler),
]

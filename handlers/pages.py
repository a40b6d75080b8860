"""The page at `/`, and how every page's files are served: from memory, under a strict policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from realchat.errors import ChatError, Code

FOLDER = Path(__file__).parent.parent / "static"
_TYPES = {
    ".html": "text/html; charset=UTF-8",
    ".css": "text/css; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
    ".svg": "image/svg+xml",
}
# `connect-src 'self'` covers the WebSocket of the same host too (CSP 3, section 6.7.2.8).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def read_files(folder: Path) -> dict[str, bytes]:
    """Read a page's files once, so that no request waits for the disk and no name reaches it."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in _TYPES}


_FILES = read_files(FOLDER)
_SCRIPTS = read_files(FOLDER / "app")


class PageHandler(ApiHandler):
    """Gives the files of a page; Tornado adds their `ETag`."""

    def send_file(self, files: Mapping[str, bytes], name: str) -> None:
        """Finish with one of a page's files. Raises `not_found`."""
        if name not in files:
            raise ChatError(Code.NOT_FOUND)
        self.set_header("Content-Type", _TYPES[Path(name).suffix])
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        self.set_header("Cache-Control", "no-cache")
        self.finish(files[name])


class ChatPageHandler(PageHandler):
    """`/`."""

    @endpoint(public=True, reply_type="text/html", also={304: "It is the one you have."})
    async def get(self) -> None:
        """Show the web client."""
        self.send_file(_FILES, "index.html")


class ChatFileHandler(PageHandler):
    """`/static/…`: the web client's style and picture."""

    @endpoint(public=True, reply_type="*/*")
    async def get(self, asset: str) -> None:
        """Give a file of the web client."""
        self.send_file(_FILES, asset)


class ChatScriptHandler(PageHandler):
    """`/static/app/…`: the web client's modules."""

    @endpoint(public=True, reply_type="text/javascript")
    async def get(self, script: str) -> None:
        """Give a module of the web client."""
        self.send_file(_SCRIPTS, script)


ROUTES = [
    Route("/", ChatPageHandler),
    Route("/static/{asset}", ChatFileHandler),
    Route("/static/app/{script}", ChatScriptHandler),
]

"""The web client as browsers get it, made once: its files, its document, its worker, its manifest.

All addresses of its files hold one version of them all, so that they are kept for ever and a new
version is fetched whole. The decision record on serving the page says why.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tornado.template import Loader

from handlers.assets import Asset, make_asset, read_assets, version_of

_ROOT = Path(__file__).parent.parent
STATIC = _ROOT / "static"
TEMPLATES = _ROOT / "templates"

_PAGE = "page.html"
_WORKER = "service-worker.js"
_MANIFEST = "manifest.webmanifest"
_ENTRY = "app/main.js"
_DOCUMENTS = "docs/"  # another page's
_ICONS = "icons/"
# What the worker keeps from the start; words are kept once they are used.
_KEPT = ("app/", "vendor/", "style/", _ICONS)
_BASE = "style/base.css"  # the first style sheet: the others stand on it
_IMPORT = re.compile(
    r"""^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE
)


class WebClient(NamedTuple):
    """All of the web client; `files` are by their paths in `static/`."""

    version: str
    files: Mapping[str, Asset]
    document: Asset
    worker: Asset
    manifest: Asset


def read_client(static: Path = STATIC, templates: Path = TEMPLATES) -> WebClient:
    """Read the web client and fill in its templates. Blocks; raises `OSError`."""
    found = read_assets(static)
    files = {name: found[name] for name in found if not name.startswith(_DOCUMENTS)}
    sources = {
        f"/{name}": make_asset(name, (templates / name).read_bytes())
        for name in (_PAGE, _WORKER, _MANIFEST)
    }
    version = version_of({**files, **sources})
    values = _describe(files, version)
    loader = Loader(str(templates), whitespace="all")
    page, worker, manifest = (
        make_asset(name, loader.load(name).generate(**values))
        for name in (_PAGE, _WORKER, _MANIFEST)
    )
    return WebClient(version, files, page, worker, manifest)


def _describe(files: Mapping[str, Asset], version: str) -> dict[str, Any]:
    """Return what the templates speak of."""
    icons = {name: file for name, file in files.items() if name.startswith(_ICONS)}
    return {
        "version": version,
        # Only another icon may have another address: browsers ask people about new ones.
        "icon_version": version_of(icons),
        "at": lambda name: f"/static/{version}/{name}",
        "entry": _ENTRY,
        "modules": modules_of(files, _ENTRY)[1:],
        "styles": styles_of(files),
        "kept": msgspec.json.encode([name for name in files if name.startswith(_KEPT)]),
    }


def styles_of(files: Mapping[str, Asset]) -> list[str]:
    """Return the style sheets in the order in which they apply."""
    sheets = [name for name in files if name.startswith("style/") and name.endswith(".css")]
    return sorted(sheets, key=lambda name: (name != _BASE, name))


def modules_of(files: Mapping[str, Asset], entry: str) -> list[str]:
    """Return the modules that a module needs before it runs, itself first.

    So a browser fetches them at once, instead of learning of each from another. Those
    that are imported while it runs are not among them.
    """
    modules = [entry]
    for module in modules:  # which grows meanwhile
        text = files[module].body.decode() if module in files else ""
        needed = (posixpath.join(posixpath.dirname(module), name) for name in _IMPORT.findall(text))
        modules += dict.fromkeys(
            name for name in map(posixpath.normpath, needed) if name not in modules
        )
    return modules

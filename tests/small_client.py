"""Web clients of a few lines, to try with how one is served and how a new version takes over."""

from __future__ import annotations

import shutil
from pathlib import Path

from handlers.web_client import STATIC, WebClient, read_client

_WORKER = "app/net/worker.js"
_MAIN = """\
import { startWorker } from "./net/worker.js";
import {
  show,
} from "./views/show.js";

const reply = await fetch(new URL("../strings/en.json", import.meta.url));
show(document.getElementById("app"), (await reply.json()).greeting);
startWorker((activate) => {
  const button = document.createElement("button");
  button.textContent = "Use the new version";
  button.onclick = activate;
  document.body.append(button);
});
"""
_FILES = {
    "app/main.js": _MAIN,
    "app/views/show.js": 'export * from "../../vendor/library.js";\n',
    "app/views/later.js": "export const late = true;\n",
    "vendor/library.js": "export const show=(place,text)=>{place.textContent=text};\n",
    "vendor/NOTES.md": "Not for browsers.\n",
    "style/base.css": "body { margin: 0 }\n" * 50,
    "style/again.css": "p { margin: 0 }\n",
    "docs/docs.css": "p { margin: 0 }\n",
}


def make_small_client(folder: Path, greeting: str = "Hello") -> WebClient:
    """Write a client that shows a greeting, and read it as the server does."""
    for name, text in _FILES.items():
        write(folder / name, text)
    write(folder / "strings/en.json", f'{{"greeting": "{greeting}"}}')
    (folder / "app/net").mkdir(exist_ok=True)
    shutil.copy(STATIC / _WORKER, folder / _WORKER)
    shutil.copytree(STATIC / "icons", folder / "icons", dirs_exist_ok=True)
    return read_client(folder)


def write(path: Path, text: str) -> None:
    """Write a file, in folders that may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

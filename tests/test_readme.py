"""The documents: the README's example runs as it stands, the contract names what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from processes import PATIENCE, ROOT, ServerProcess

from handlers.application import ROUTES
from realchat.commands import AnyCommand
from realchat.errors import Close, Code
from realchat.frames import AnyEvent

README = (ROOT / "README.md").read_text()
PROTOCOL = (ROOT / "docs/protocol.md").read_text()
# Parts of pages, which nobody calls by themselves.
UNNAMED = {"/docs/{}", "/static/{}/{}"}
ADDRESS = "127.0.0.1:5000"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, BCRYPT_ROUNDS="10") as started:
        yield started


def block_with(text: str, language: str, server: ServerProcess) -> str:
    """Return the README's block of code that holds a text, for the server under test."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if text in block)
    assert ADDRESS in block
    return str(block).replace(ADDRESS, f"127.0.0.1:{server.port}")


def run_calls(server: ServerProcess) -> list[str]:
    """Run the three calls; return the last one's answer, the token and the group's id."""
    script = block_with("/auth/register", "sh", server) + '\necho; echo "$TOKEN"; echo "$GROUP"'
    done = subprocess.run(
        ["sh", "-euc", script], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return done.stdout.split("\n")[:3]


@needs_curl
def test_the_three_calls_store_a_message(server: ServerProcess) -> None:
    answer, _, group = run_calls(server)
    message = json.loads(answer)
    assert (message["content"], message["group_id"], message["seq"]) == ("Hello!", group, 1)


@needs_curl
def test_the_client_in_a_few_lines_says_hello_and_hears_itself(
    server: ServerProcess, tmp_path: Path
) -> None:
    _, token, group = run_calls(server)
    program = tmp_path / "talk.py"
    program.write_text(block_with("send_message", "python", server))
    with subprocess.Popen(
        [sys.executable, "-u", program, token, group],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    ) as talk:
        assert talk.stdout is not None
        frames: list[dict[str, Any]] = [json.loads(talk.stdout.readline()) for _ in range(3)]
        talk.kill()
    kinds = [frame["type"] for frame in frames]
    assert kinds == ["hello", "message", "ack"]
    assert (frames[1]["content"], frames[1]["seq"]) == ("And hello!", 2)


def test_every_file_that_the_readme_names_is_there() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [name for name in named if not (ROOT / name).exists()] == []


def nameless(address: str) -> str:
    """Return an address without what its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", address)


def test_the_contract_names_every_address() -> None:
    named = {nameless(found) for found in re.findall(r"/(?:\{[^}]*\}|[\w./-])*", PROTOCOL)}
    served = {nameless(route.template) for route in ROUTES} - UNNAMED
    assert served - named == set()


def test_the_contract_names_every_error() -> None:
    assert [code.code for code in Code if f"`{code.code}`" not in PROTOCOL] == []


@pytest.mark.parametrize("frames", [AnyCommand, AnyEvent])
def test_the_contract_names_every_frame(frames: Any) -> None:
    tags = [str(kind.__struct_config__.tag) for kind in get_args(frames)]
    assert [tag for tag in tags if not re.search(rf'[`"]{tag}[`" ]', PROTOCOL)] == []


def test_the_contract_names_every_close_code() -> None:
    assert [code for code in Close if str(int(code)) not in PROTOCOL] == []

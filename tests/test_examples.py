"""The example client, run as a stranger would run it: as a program, against a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest
from processes import PATIENCE, ROOT, ServerProcess, wait_until

PASSWORD = "correct horse battery"


class Terminal:
    """`examples/chat.py` as a child process: what is typed into it and what it prints."""

    def __init__(self, url: str, *options: str, password: str = PASSWORD) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "examples/chat.py", "--url", url, *options],
            env={"PATH": os.environ["PATH"], "REALCHAT_PASSWORD": password},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def type(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until so many lines hold a text."""
        wait_until(lambda: self.count(text) >= times or self.process.poll() is not None)
        assert self.count(text) >= times, self.lines

    def count(self, text: str) -> int:
        """Return how many lines hold a text."""
        return sum(text in line for line in self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, BCRYPT_ROUNDS="10") as started:
        yield started


def open_terminal(server: ServerProcess, name: str, *options: str) -> Terminal:
    """Start the client for somebody, with an account if there is none; wait until it is on."""
    terminal = Terminal(
        server.url, "--email", f"{name.lower()}@example.org", "--name", name, *options
    )
    terminal.wait_for(f"connected as {name}")
    return terminal


def test_two_people_talk_directly(server: ServerProcess) -> None:
    with open_terminal(server, "Bo") as bo, open_terminal(server, "Ana", "--to", "Bo") as ana:
        ana.type("good morning")
        bo.wait_for("Ana: good morning")
        bo.type("/to ana@example.org")
        bo.wait_for("* to Ana")
        bo.type("¡buenos días!")
        ana.wait_for("Bo: ¡buenos días!")


def test_what_was_written_to_somebody_away_is_shown_when_they_come(server: ServerProcess) -> None:
    open_terminal(server, "Bo").__exit__(None, None, None)
    with open_terminal(server, "Ana", "--to", "Bo") as ana:
        ana.type("are you there?")
        ana.wait_for("Ana: are you there?")
    with open_terminal(server, "Bo") as bo:
        bo.wait_for("Ana: are you there?")


def test_what_was_typed_is_acked_before_the_program_ends(server: ServerProcess) -> None:
    open_terminal(server, "Bo").__exit__(None, None, None)
    with open_terminal(server, "Ana", "--to", "Bo") as ana:
        for number in range(20):
            ana.type(f"number {number}.")
        ana.type("/quit")
        assert ana.process.wait(PATIENCE) == 0
    with open_terminal(server, "Bo") as bo:
        bo.wait_for("Ana: number", 20)
        shown = [line.rpartition("number ")[2] for line in bo.lines if "number" in line]
        assert shown == [f"{number}." for number in range(20)]


def test_a_restart_of_the_server_loses_and_doubles_nothing(tmp_path: Path) -> None:
    first = ServerProcess(tmp_path, BCRYPT_ROUNDS="10").wait_ready()
    with open_terminal(first, "Bo") as bo, open_terminal(first, "Ana", "--to", "Bo") as ana:
        try:
            ana.type("before")
            bo.wait_for("Ana: before")
            # Bo must come back later than the message that is to be missed.
            bo.process.send_signal(signal.SIGSTOP)
        finally:
            first.stop()
        ana.wait_for("connection lost")
        ana.type("while it was away")
        second = ServerProcess(tmp_path, BCRYPT_ROUNDS="10", PORT=str(first.port))
        second.url = first.url
        with second:
            ana.wait_for("Ana: while it was away")
            bo.process.send_signal(signal.SIGCONT)
            bo.wait_for("Ana: while it was away")
            ana.type("after")
            bo.wait_for("Ana: after")
        assert [bo.count(text) for text in ("before", "while it", "after")] == [1, 1, 1]


def test_a_wrong_password_is_told_in_one_line(server: ServerProcess) -> None:
    open_terminal(server, "Ana").__exit__(None, None, None)
    wrong = Terminal(server.url, "--email", "ana@example.org", password="something else")
    with wrong:
        assert wrong.process.wait(PATIENCE) == 1
    assert wrong.lines == ["The server refuses: The e-mail address or password is wrong."]

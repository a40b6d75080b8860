"""A network namespace for one machine of a fleet, joined to this one by a cable that can be cut.

Both ends have private addresses that nothing else here uses. What a run that
was killed left behind is removed by the next one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torture.processes import is_alive
from torture.programs import find_program

_PREFIX = "torture"
_NAMESPACES = Path("/run/netns")
# A MAC that nobody has: what goes there is dropped without a word.
_NOBODY = "02:00:00:00:00:66"


class Namespace:
    """A namespace with the address `inner`; this machine has the address `outer` for it."""

    def __init__(self) -> None:
        """Make it. Raises `OSError` where that is not allowed."""
        _sweep()
        self.name = f"{_PREFIX}{os.getpid()}"
        # Names of devices have 15 letters at most.
        self._near, self._far = f"tn{os.getpid()}", f"tf{os.getpid()}"
        subnet = _find_free()
        self.outer, self.inner = f"{subnet}.1", f"{subnet}.2"
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command begins with that is to run inside."""
        return (find_program("ip") or "ip", "netns", "exec", self.name)

    def close(self) -> None:
        """Remove all that was made."""
        _remove(self.name, self._near)

    @contextmanager
    def cut(self, *, is_silent: bool) -> Iterator[None]:
        """Cut the cable: as if unplugged inside, or, `is_silent`, with all lost on its way."""
        if is_silent:
            self._misdirect()
        else:
            _ip("-n", self.name, "link", "set", self._far, "down")
        try:
            yield
        finally:
            if is_silent:
                self._redirect()
            else:
                _ip("-n", self.name, "link", "set", self._far, "up")

    def _make(self) -> None:
        _ip("netns", "add", self.name)
        peer = ("type", "veth", "peer", "name", self._far, "netns", self.name)
        _ip("link", "add", self._near, *peer)
        _ip("addr", "add", f"{self.outer}/30", "dev", self._near)
        _ip("link", "set", self._near, "up")
        _ip("-n", self.name, "addr", "add", f"{self.inner}/30", "dev", self._far)
        for device in (self._far, "lo"):
            _ip("-n", self.name, "link", "set", device, "up")

    def _misdirect(self) -> None:
        wrong = ("lladdr", _NOBODY, "nud", "permanent", "dev")
        _ip("neigh", "replace", self.inner, *wrong, self._near)
        _ip("-n", self.name, "neigh", "replace", self.outer, *wrong, self._far)

    def _redirect(self) -> None:
        _ip("neigh", "del", self.inner, "dev", self._near)
        _ip("-n", self.name, "neigh", "del", self.outer, "dev", self._far)


def forbids_namespaces() -> str:
    """Return why there can be no namespaces here, in a sentence; empty where there can be."""
    try:
        Namespace().close()
    except OSError as error:
        return f"network namespaces are not to be had here: {error}"
    return ""


def _ip(*arguments: str) -> str:
    command = [find_program("ip") or "ip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _find_free() -> str:
    """Return the first three numbers of private addresses that nobody here has or routes to."""
    known = _ip("-4", "addr") + _ip("-4", "route")
    # Not all from the first on, since another run may be about to take that.
    candidates = (f"10.213.{(os.getpid() + number) % 256}" for number in range(256))
    return next(subnet for subnet in candidates if f" {subnet}." not in known)


def _sweep() -> None:
    """Remove what runs that are no more left behind."""
    for path in _NAMESPACES.glob(f"{_PREFIX}*"):
        pid = path.name.removeprefix(_PREFIX)
        if pid.isdecimal() and not is_alive(int(pid)):
            _remove(path.name, f"tn{pid}")


def _remove(name: str, device: str) -> None:
    # The device first: a namespace goes only once its last connection is forgotten.
    for what in (("link", "del", device), ("netns", "del", name)):
        with contextlib.suppress(OSError):
            _ip(*what)

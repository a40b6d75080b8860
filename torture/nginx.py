"""nginx from Debian's package, with the files of `deploy/` but for TLS, addresses and paths."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from torture.processes import LEASH, PATIENCE, ROOT, free_port, wait_until
from torture.programs import find_program

DEPLOY = ROOT / "deploy"
NAME = "chat.example.org"
# What Debian's nginx.conf has around a site.
_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Balancer(ABC):
    """A balancer before two servers, given as `host:port`, on its port of the loopback address."""

    program: str

    def __init__(self, folder: Path, servers: Sequence[str], port: int = 0) -> None:
        """Start it with its files in a folder."""
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = self.arguments(servers)
        self.process = self._spawn()

    @abstractmethod
    def arguments(self, servers: Sequence[str]) -> list[str]:
        """Write the files; return what the program is started with."""

    def start(self) -> None:
        """Start it again."""
        self.process = self._spawn()

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill -9 it and its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [*LEASH, find_program(self.program) or self.program, *self._arguments]
        with (self.folder / "balancer.log").open("w") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._listens)
        return self.process

    def _listens(self) -> bool:
        assert self.process.poll() is None, (self.folder / "balancer.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Nginx(Balancer):
    """`deploy/nginx.conf` with the machines of `deploy/nginx-nodes.conf`, without TLS."""

    program = "nginx"

    def arguments(self, servers: Sequence[str]) -> list[str]:
        """Write the files; return what the program is started with."""
        site = write_site(self.folder, free_port(), self.port, servers)
        for line in ("ssl_certificate ", "ssl_certificate_key ", "ssl_protocols "):
            (found,) = (each for each in site.splitlines() if each.strip().startswith(line))
            site = site.replace(f"{found}\n", "")
        (self.folder / "site.conf").write_text(exchange(site, {" ssl http2;": ";"}))
        return ["-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]


def write_site(folder: Path, plain: int, port: int, servers: Sequence[str]) -> str:
    """Write nginx's files for a site in a folder; return the site."""
    one, two = servers
    site = (DEPLOY / "nginx.conf").read_text()
    begin = site.index("upstream realchat {")
    end = site.index("}\n", site.index("upstream realchat_sockets {")) + 2
    machines = exchange(
        (DEPLOY / "nginx-nodes.conf").read_text(),
        {"10.0.0.11:5000": one, "10.0.0.12:5000": two},
    )
    site = exchange(
        site[:begin] + machines + site[end:],
        {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "    listen [::]:80;\n": "",
            "listen 443": f"listen 127.0.0.1:{port}",
            "    listen [::]:443 ssl http2;\n": "",
            "/var/log/nginx/": f"{folder}/",
            f"/etc/letsencrypt/live/{NAME}/": f"{folder}/",
        },
    )
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder))
    (folder / "site.conf").write_text(site)
    return site


def exchange(text: str, words: dict[str, str]) -> str:
    """Put words in the place of others, each of which has to be there."""
    for old, new in words.items():
        assert old in text, old
        text = text.replace(old, new)
    return text

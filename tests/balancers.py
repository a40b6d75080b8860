"""nginx and HAProxy from Debian's packages, with the files of `deploy/` and ports of the test's."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from parts import require
from processes import LEASH, PATIENCE, ROOT, free_port, wait_until

DEPLOY = ROOT / "deploy"
NAME = "chat.example.org"
_SYSTEM = os.pathsep + os.pathsep.join(("/usr/sbin", "/sbin"))
# What Debian's nginx.conf has around a site.
_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
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


class Balancer:
    """A balancer before some servers of this machine, on a port of its own."""

    program: str

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        """Start it, or skip the test where there is none."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        binary = find(self.program)
        command = [*LEASH, binary, *self.arguments(ports)]
        with (folder / "balancer.log").open("w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._listens)

    def arguments(self, ports: Sequence[int]) -> list[str]:
        """Write the files; return what the program is started with."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def _listens(self) -> bool:
        assert self.process.poll() is None, (self.folder / "balancer.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Nginx(Balancer):
    """`deploy/nginx.conf` with the machines of `deploy/nginx-nodes.conf`, without TLS."""

    program = "nginx"

    def arguments(self, ports: Sequence[int]) -> list[str]:
        """Write the files; return what the program is started with."""
        site = write_site(self.folder, free_port(), self.port, ports)
        for line in ("ssl_certificate ", "ssl_certificate_key ", "ssl_protocols "):
            (found,) = (each for each in site.splitlines() if each.strip().startswith(line))
            site = site.replace(f"{found}\n", "")
        (self.folder / "site.conf").write_text(exchange(site, {" ssl http2;": ";"}))
        return ["-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]


class Haproxy(Balancer):
    """`deploy/haproxy.cfg`, without TLS."""

    program = "haproxy"

    def arguments(self, ports: Sequence[int]) -> list[str]:
        """Write the file; return what the program is started with."""
        one, two = ports
        text = exchange(
            (DEPLOY / "haproxy.cfg").read_text(),
            {
                "    bind :80\n": "",
                "bind :443 ssl crt /etc/haproxy/certs/chat.example.org.pem alpn h2,http/1.1": (
                    f"bind 127.0.0.1:{self.port}"
                ),
                "    http-request redirect scheme https code 301 unless { ssl_fc }\n": "",
                "    user haproxy\n    group haproxy\n": "",
                "10.0.0.11:5000": f"127.0.0.1:{one}",
                "10.0.0.12:5000": f"127.0.0.1:{two}",
            },
        )
        path = self.folder / "haproxy.cfg"
        path.write_text(text)
        return ["-db", "-f", str(path)]


def write_site(folder: Path, plain: int, port: int, ports: Sequence[int]) -> str:
    """Write nginx's files for a site in a folder; return the site."""
    one, two = ports
    site = (DEPLOY / "nginx.conf").read_text()
    begin = site.index("upstream realchat {")
    end = site.index("}\n", begin) + 2
    machines = exchange(
        (DEPLOY / "nginx-nodes.conf").read_text(),
        {"10.0.0.11:5000": f"127.0.0.1:{one}", "10.0.0.12:5000": f"127.0.0.1:{two}"},
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


def write_certificate(folder: Path) -> None:
    """Write a certificate and its key as certbot names them, and both in one for HAProxy."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begin = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "fullchain.pem").write_bytes(certificate)
    (folder / "privkey.pem").write_bytes(private)
    (folder / f"{NAME}.pem").write_bytes(certificate + private)


def find(program: str) -> str:
    """Return where a program is, or skip the test."""
    found = shutil.which(program, path=os.environ["PATH"] + _SYSTEM)
    require(found is not None, f"{program} is not installed")
    return str(found)


def exchange(text: str, words: dict[str, str]) -> str:
    """Put words in the place of others, each of which has to be there."""
    for old, new in words.items():
        assert old in text, old
        text = text.replace(old, new)
    return text

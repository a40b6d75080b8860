"""nginx and HAProxy from Debian's packages, with the files of `deploy/` and ports of the test's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from parts import require

from torture.nginx import DEPLOY as DEPLOY
from torture.nginx import NAME as NAME
from torture.nginx import Balancer as Balancer
from torture.nginx import Nginx as Nginx
from torture.nginx import exchange as exchange
from torture.nginx import write_site as write_site
from torture.programs import find_program


class Haproxy(Balancer):
    """`deploy/haproxy.cfg`, without TLS."""

    program = "haproxy"

    def arguments(self, servers: Sequence[str]) -> list[str]:
        """Write the file; return what the program is started with."""
        one, two = servers
        text = exchange(
            (DEPLOY / "haproxy.cfg").read_text(),
            {
                "    bind :80\n": "",
                "bind :443 ssl crt /etc/haproxy/certs/chat.example.org.pem alpn h2,http/1.1": (
                    f"bind 127.0.0.1:{self.port}"
                ),
                "    http-request redirect scheme https code 301 unless { ssl_fc }\n": "",
                "    user haproxy\n    group haproxy\n": "",
                "10.0.0.11:5000": one,
                "10.0.0.12:5000": two,
            },
        )
        path = self.folder / "haproxy.cfg"
        path.write_text(text)
        return ["-db", "-f", str(path)]


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
    found = find_program(program)
    require(found is not None, f"{program} is not installed")
    return str(found)

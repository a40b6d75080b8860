"""A real SMTP server for tests, in the test's own loop, and what it was given."""

from __future__ import annotations

import asyncio
import re
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_CODE = re.compile(r"^ {4}(\d{6})$", re.MULTILINE)


class Mailbox:
    """Takes mails; `replies` are what it says to the next ones instead of taking them."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.attempts = 0
        self.recipients: list[str] = []
        self.was_encrypted = False
        self.port = 0
        self._mails: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    async def open(self, *, tls: ssl.SSLContext | None = None, **options: Any) -> None:
        """Listen on a free port; `options` are those of aiosmtpd's SMTP."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", loop=loop, **options),
            "127.0.0.1",
            0,
            ssl=tls,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and let go of whoever is there."""
        if self._server is not None:
            self._server.close()
            for _ in range(10):
                await asyncio.sleep(0)  # the turns in which one that left is let go
            await self._server.wait_closed()

    async def next(self) -> EmailMessage:
        """Wait for the next mail."""
        return await self._mails.get()

    async def next_code(self) -> str:
        """Wait for the next mail and return the code in it."""
        return code_in(await self.next())

    @property
    def is_empty(self) -> bool:
        """Whether all mails were taken out."""
        return self._mails.empty()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Take a mail, or answer with the next of the replies (aiosmtpd calls this)."""
        self.attempts += 1
        if self.replies:
            return self.replies.pop(0)
        self.recipients += envelope.rcpt_tos
        self.was_encrypted = session.ssl is not None
        content = envelope.original_content or b""
        mail = message_from_bytes(content, policy=policy.default)
        self._mails.put_nowait(mail)
        return "250 OK"


def code_in(mail: EmailMessage) -> str:
    """Return the one-time code that a mail brings."""
    found = _CODE.search(text_of(mail))
    assert found is not None, text_of(mail)
    return found[1]


def text_of(mail: EmailMessage, subtype: str = "plain") -> str:
    """Return a mail's text, or its HTML."""
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class OneUser:
    """Lets one user in (aiosmtpd calls it to authenticate)."""

    def __init__(self, user: str, password: str) -> None:
        self._expected = LoginPassword(user.encode(), password.encode())

    def __call__(self, _server: Any, _session: Any, _envelope: Any, _kind: Any, given: Any) -> Any:
        """Tell whether this is the user."""
        # Not handled: the answer to a failure is left to aiosmtpd.
        return AuthResult(success=given == self._expected, handled=False)


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for 127.0.0.1; return its file and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A mail server under test")])
    present = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(present - timedelta(days=1))
        .not_valid_after(present + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context

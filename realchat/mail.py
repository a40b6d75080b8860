"""Mails: written from templates, and taken away by SMTP or shown on the console."""

from __future__ import annotations

import asyncio
import html
import logging
import ssl
import sys
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, make_msgid
from pathlib import Path
from string import Template
from typing import Literal, NamedTuple, TextIO

import aiosmtplib

from realchat.ids import now
from realchat.languages import base
from realchat.metrics import count_mail

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "mail"
TIMEOUT = 15.0
Tls = Literal["starttls", "tls", "none"]

_FALLBACK = "en"
_SENDER_NAME = "RealChat"
# Seconds before the one further try, and how many mails go out at the same time.
_PAUSE = 2.0
_AT_ONCE = 8
_CODE_MINUTES = "10"


class Letter(NamedTuple):
    """A mail's subject and its text, twice."""

    subject: str
    text: str
    html: str


class Letters:
    """The mails that there are, each in every language that has templates of it.

    `<kind>.<language>.txt` begins with the subject's line; `.html` beside it is
    the same for mail programs that show HTML.
    """

    def __init__(self, folder: Path = TEMPLATES) -> None:
        self._texts = {path.stem: path.read_text("utf-8") for path in folder.glob("*.txt")}
        self._pages = {path.stem: path.read_text("utf-8") for path in folder.glob("*.html")}

    def one_time_code(self, code: str, language: str) -> Letter:
        """Return the mail that brings a one-time code."""
        return self._write("otp", language, {"code": code, "minutes": _CODE_MINUTES})

    def _write(self, kind: str, language: str, values: Mapping[str, str]) -> Letter:
        name = f"{kind}.{base(language)}"
        if name not in self._texts:
            name = f"{kind}.{_FALLBACK}"
        subject, _, text = self._texts[name].partition("\n")
        escaped = {key: html.escape(value) for key, value in values.items()}
        page = Template(self._pages[name]).substitute(escaped)
        return Letter(subject.strip(), Template(text.lstrip()).substitute(values), page)


class ConsoleMailer:
    """Shows mails on the console instead of sending them: for a server without EMAIL_HOST."""

    def __init__(self, letters: Letters, console: TextIO | None = None) -> None:
        self._letters = letters
        self._console = console

    async def send_code(self, address: str, code: str, language: str) -> None:
        """Show the mail with a one-time code."""
        letter = self._letters.one_time_code(code, language)
        console = self._console or sys.stdout
        console.write(f"\n--- Mail to {address}\n{letter.subject}\n\n{letter.text}---\n")
        console.flush()
        count_mail("printed")


class SmtpServer(NamedTuple):
    """How to reach the server that takes mails; no user means no authentication."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    tls: Tls


class SmtpMailer:
    """Hands mails to an SMTP server; a failure that may pass is tried once more.

    What fails for good is logged, without the address.
    """

    def __init__(
        self,
        letters: Letters,
        server: SmtpServer,
        *,
        timeout: float = TIMEOUT,
        pause: float = _PAUSE,
    ) -> None:
        self._letters = letters
        self._server = server
        self._timeout = timeout
        self._pause = pause
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tls = ssl.create_default_context() if server.tls != "none" else None

    async def send_code(self, address: str, code: str, language: str) -> None:
        """Send the mail with a one-time code."""
        message = self._compose(address, self._letters.one_time_code(code, language))
        async with self._slots:
            failure = await self._try(message)
            if failure is not None and _may_pass(failure):
                await asyncio.sleep(self._pause)
                failure = await self._try(message)
        count_mail("sent" if failure is None else "failed")
        if failure is not None:
            logger.error("a mail could not be sent: %s", _describe(failure))

    def _compose(self, address: str, letter: Letter) -> EmailMessage:
        sender = self._server.sender
        message = EmailMessage(policy=SMTP)
        message["Subject"] = letter.subject
        message["From"] = formataddr((_SENDER_NAME, sender))
        message["To"] = address
        message["Date"] = format_datetime(now())
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        # RFC 3834, section 5: keeps programs from answering.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message

    async def _try(self, message: EmailMessage) -> Exception | None:
        server = self._server
        try:
            # The library's own limit is for each step; this one is for all of them.
            async with asyncio.timeout(self._timeout):
                await aiosmtplib.send(
                    message,
                    hostname=server.host,
                    port=server.port,
                    username=server.user or None,
                    password=server.password or None,
                    use_tls=server.tls == "tls",
                    start_tls=server.tls == "starttls",
                    tls_context=self._tls,
                    timeout=self._timeout,
                )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return error
        return None


def _may_pass(failure: Exception) -> bool:
    """Tell whether another try has a chance: 4yz replies and connections that broke."""
    if isinstance(failure, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code < 500 for refused in failure.recipients)
    if isinstance(failure, aiosmtplib.SMTPResponseException):
        return failure.code < 500
    return isinstance(failure, aiosmtplib.SMTPServerDisconnected | OSError) and not isinstance(
        failure, ssl.SSLError
    )


def _describe(failure: Exception) -> str:
    """Name a failure; its own text may quote the address."""
    code = getattr(failure, "code", None)
    return type(failure).__name__ + (f" {code}" if code is not None else "")

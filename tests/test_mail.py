"""Mails: what is in them, and how they get to real SMTP servers of every kind."""

from __future__ import annotations

import asyncio
import io
import logging
import ssl
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from mailbox_server import Mailbox, OneUser, code_in, make_certificate, text_of
from tornado.ioloop import IOLoop

from realchat.mail import ConsoleMailer, Letters, SmtpMailer, SmtpServer, Tls

ADDRESS = "ana@example.org"


@pytest.fixture
def mailbox(io_loop: IOLoop) -> Iterator[Mailbox]:
    """A mailbox that each test opens as it needs it."""
    mailbox = Mailbox()
    yield mailbox
    io_loop.run_sync(mailbox.close)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate that clients trust."""
    public, context = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    return context


def mailer(
    port: int, *, tls: Tls = "none", user: str = "", password: str = "", timeout: float = 5
) -> SmtpMailer:
    """Return a mailer to a local server."""
    server = SmtpServer("127.0.0.1", port, user, password, "chat@example.com", tls)
    return SmtpMailer(Letters(), server, timeout=timeout, pause=0)


async def send(mailer: SmtpMailer | ConsoleMailer, language: str = "en") -> None:
    """Send a code to the address."""
    await mailer.send_code(ADDRESS, "042137", language)


@pytest.mark.gen_test
async def test_a_plain_server_gets_the_mail_with_all_headers(mailbox: Mailbox) -> None:
    await mailbox.open()
    await send(mailer(mailbox.port))
    mail = await mailbox.next()
    assert mailbox.recipients == [ADDRESS]
    assert (mail["To"], mail["From"]) == (ADDRESS, "RealChat <chat@example.com>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    assert parsedate_to_datetime(mail["Date"]).tzinfo is not None
    assert mail.get_content_type() == "multipart/alternative"


@pytest.mark.gen_test
async def test_both_texts_bring_the_code_and_the_subject_does_not(mailbox: Mailbox) -> None:
    await mailbox.open()
    await send(mailer(mailbox.port))
    mail = await mailbox.next()
    assert code_in(mail) == "042137"
    assert "042137" in text_of(mail, "html")
    assert "042137" not in mail["Subject"]


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Your sign-in code"),
        ("es-MX", "Tu código de acceso"),
        ("fr", "Votre code de connexion"),
        ("de-AT", "Ihr Anmeldecode"),
        ("ja", "Your sign-in code"),
        ("x", "Your sign-in code"),
    ],
)
@pytest.mark.gen_test
async def test_a_mail_is_in_the_readers_language_or_in_english(
    mailbox: Mailbox, language: str, subject: str
) -> None:
    await mailbox.open()
    await send(mailer(mailbox.port), language)
    mail = await mailbox.next()
    assert mail["Subject"] == subject
    assert code_in(mail) == "042137"
    assert "$" not in text_of(mail) + text_of(mail, "html")


def test_what_goes_into_html_is_escaped() -> None:
    letter = Letters().one_time_code("<b>&", "en")
    assert "&lt;b&gt;&amp;" in letter.html
    assert "<b>&" in letter.text


@pytest.mark.gen_test
async def test_starttls_encrypts_the_mail(mailbox: Mailbox, certificate: ssl.SSLContext) -> None:
    await mailbox.open(tls_context=certificate, require_starttls=True)
    await send(mailer(mailbox.port, tls="starttls"))
    assert code_in(await mailbox.next()) == "042137"
    assert mailbox.was_encrypted


@pytest.mark.gen_test
async def test_tls_from_the_start_works_too(mailbox: Mailbox, certificate: ssl.SSLContext) -> None:
    await mailbox.open(tls=certificate)
    await send(mailer(mailbox.port, tls="tls"))
    assert code_in(await mailbox.next()) == "042137"


@pytest.mark.gen_test
async def test_a_server_without_starttls_gets_nothing(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    await mailbox.open()
    await send(mailer(mailbox.port, tls="starttls"))
    assert mailbox.is_empty
    assert "could not be sent" in caplog.text


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.gen_test
async def test_a_server_that_nobody_vouches_for_gets_nothing(
    mailbox: Mailbox, tmp_path: Path, caplog: pytest.LogCaptureFixture, tls: Tls
) -> None:
    _, context = make_certificate(tmp_path)
    if tls == "tls":
        await mailbox.open(tls=context)
    else:
        await mailbox.open(tls_context=context)
    await send(mailer(mailbox.port, tls=tls))
    assert mailbox.is_empty
    assert "could not be sent" in caplog.text


@pytest.mark.gen_test
async def test_the_mailer_signs_in_where_it_has_credentials(
    mailbox: Mailbox, certificate: ssl.SSLContext
) -> None:
    await mailbox.open(
        tls_context=certificate, authenticator=OneUser("chat", "secret"), auth_required=True
    )
    await send(mailer(mailbox.port, tls="starttls", user="chat", password="secret"))
    assert code_in(await mailbox.next()) == "042137"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.gen_test
async def test_credentials_go_over_a_plain_connection_where_that_was_chosen(
    mailbox: Mailbox,
) -> None:
    await mailbox.open(
        authenticator=OneUser("chat", "secret"), auth_required=True, auth_require_tls=False
    )
    await send(mailer(mailbox.port, user="chat", password="secret"))
    assert code_in(await mailbox.next()) == "042137"


@pytest.mark.gen_test
async def test_wrong_credentials_are_logged_without_them(
    mailbox: Mailbox, certificate: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    await mailbox.open(tls_context=certificate, authenticator=OneUser("chat", "secret"))
    await send(mailer(mailbox.port, tls="starttls", user="chat", password="wrong-one"))
    assert "SMTPAuthenticationError 535" in caplog.text
    assert "wrong-one" not in caplog.text


@pytest.mark.gen_test
async def test_a_refusal_for_now_is_tried_once_more(mailbox: Mailbox) -> None:
    mailbox.replies = ["451 Later"]
    await mailbox.open()
    await send(mailer(mailbox.port))
    assert code_in(await mailbox.next()) == "042137"
    assert mailbox.attempts == 2


@pytest.mark.gen_test
async def test_a_refusal_for_good_is_logged_without_address_and_code(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.replies = [f"550 No such person as {ADDRESS}"]
    await mailbox.open()
    await send(mailer(mailbox.port))
    assert mailbox.attempts == 1
    [record] = [one for one in caplog.records if one.name.startswith("realchat")]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "a mail could not be sent: SMTPDataError 550"


@pytest.mark.gen_test
async def test_a_server_that_is_not_there_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await send(mailer(port))
    assert "could not be sent: SMTPConnectError" in caplog.text


@pytest.mark.gen_test
async def test_a_server_that_never_answers_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    connections: list[asyncio.StreamWriter] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    await send(mailer(server.sockets[0].getsockname()[1], timeout=1))
    assert len(connections) == 2
    assert "could not be sent" in caplog.text
    for writer in connections:
        writer.close()
    server.close()
    await server.wait_closed()


@pytest.mark.gen_test
async def test_without_a_server_mails_are_shown_on_the_console() -> None:
    console = io.StringIO()
    await send(ConsoleMailer(Letters(), console), "de")
    assert ADDRESS in console.getvalue()
    assert "    042137\n" in console.getvalue()
    assert "Ihr Anmeldecode" in console.getvalue()


def test_all_templates_come_in_pairs() -> None:
    folder = Path(__file__).parent.parent / "templates" / "mail"
    texts, pages = ({path.stem for path in folder.glob(f"*.{kind}")} for kind in ("txt", "html"))
    assert texts == pages == {"otp.en", "otp.es", "otp.fr", "otp.de"}

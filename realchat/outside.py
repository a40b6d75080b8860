"""Builds what speaks with services outside: the translation engine and the mail server."""

from __future__ import annotations

from realchat.apertium import Apertium
from realchat.engine import Engine
from realchat.mail import ConsoleMailer, Letters, SmtpMailer, SmtpServer
from realchat.otp import Mailer
from realchat.settings import Settings
from realchat.translators import LibreTranslate


def make_engine(settings: Settings) -> Engine | None:
    """Return what translates, if anything does."""
    if settings.engine == "off":
        return None
    if settings.engine == "apertium":
        return Engine(Apertium())
    return Engine(LibreTranslate(settings.libretranslate_url, settings.libretranslate_api_key))


def make_mailer(settings: Settings) -> Mailer:
    """Return what sends mails, or prints them."""
    if not settings.email_host:
        return ConsoleMailer(Letters())
    server = SmtpServer(
        host=settings.email_host,
        port=settings.email_port,
        user=settings.email_user,
        password=settings.email_pass,
        sender=settings.email_from or settings.email_user,
        tls=settings.email_tls,
    )
    return SmtpMailer(Letters(), server)

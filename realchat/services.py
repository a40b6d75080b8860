"""Builds every part once and joins them; the only importer of the adapters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from realchat.accounts import Accounts
from realchat.aftermath import Aftermath
from realchat.bus import LocalBuckets, LocalBus, LocalRoster
from realchat.chat import Chat
from realchat.composer import Composer
from realchat.conversations import Conversations
from realchat.disk import Disk
from realchat.file_types import inspect
from realchat.groups import Groups
from realchat.history import History
from realchat.ids import new_id
from realchat.inbox import Inbox
from realchat.intake import Bounds, Intake
from realchat.limits import Limits
from realchat.mail import ConsoleMailer, Letters, SmtpMailer, SmtpServer
from realchat.otp import Mailer, OneTimeCodes, OneTimeSignIn
from realchat.passwords import Passwords
from realchat.people import People
from realchat.presence import Presences
from realchat.readiness import Readiness
from realchat.settings import Settings
from realchat.signing import Signer
from realchat.store.collections import Collections
from realchat.store.database import Database
from realchat.sweep import INTERVAL, Sweeper
from realchat.tasks import Tasks
from realchat.tokens import Tokens
from realchat.translation import Interpreter
from realchat.translators import LibreTranslate
from realchat.uploads import Uploads


@dataclass(frozen=True, kw_only=True)
class Services:
    """All parts of one running RealChat."""

    settings: Settings
    database: Database
    collections: Collections
    epoch: str
    bus: LocalBus
    limits: Limits
    tasks: Tasks
    readiness: Readiness
    passwords: Passwords
    tokens: Tokens
    people: People
    accounts: Accounts
    one_time_sign_in: OneTimeSignIn
    groups: Groups
    conversations: Conversations
    presences: Presences
    inbox: Inbox
    chat: Chat
    history: History
    translator: LibreTranslate | None
    interpreter: Interpreter
    uploads: Uploads
    intake: Intake
    sweeper: Sweeper
    disk: Disk

    async def close(self) -> None:
        """Finish what is under way, then let go of everything."""
        self.presences.close()
        await self.collections.message_log.drain()
        await self.tasks.drain()
        self.passwords.close()
        self.disk.close()
        if self.translator is not None:
            self.translator.close()
        self.database.close()


async def open_services(settings: Settings, mongodb_uri: str) -> Services:
    """Connect, create indexes and build all parts. Raises `ChatError` `unavailable`."""
    database = Database(mongodb_uri, settings.mongodb_db)
    collections = Collections(database)
    _, epoch = await asyncio.gather(collections.prepare(), database.epoch(new_id()))
    return _join(settings, database, collections, epoch)


def _join(settings: Settings, database: Database, collections: Collections, epoch: str) -> Services:
    """Build the parts from the ground up, each with what it needs of those before it."""
    bus, tasks = LocalBus(), Tasks()
    limits = Limits(LocalBuckets(), enabled=settings.rate_limits)
    people = People(collections.users, bus)
    kept = (collections.messages, collections.translations, collections.files)
    groups = Groups(collections.groups, people, kept, bus)
    conversations = Conversations(collections.directs, groups, people)
    disk = Disk(settings.upload_dir, inspect)
    uploads = Uploads(collections.files, disk, conversations)
    sweeper = Sweeper(collections.files, disk, collections.quotas)
    tasks.repeat(sweeper.sweep, INTERVAL)

    passwords = Passwords(settings.bcrypt_rounds)
    tokens = _tokens(settings, collections, bus, tasks)
    accounts = Accounts(collections.users, passwords, tokens, limits, bus, uploads)
    codes = OneTimeCodes(collections.otps, settings.jwt_refresh_secret)

    messages, translations = collections.messages, collections.translations
    translator = _translator(settings)
    interpreter = Interpreter(translations, messages, translator, bus, tasks)
    inbox = Inbox(conversations, collections.marks, messages, people, interpreter, bus, tasks)
    aftermath = Aftermath(inbox, interpreter, messages, uploads, tasks)
    composer = Composer(messages, people, uploads)
    return Services(
        settings=settings,
        database=database,
        collections=collections,
        epoch=epoch,
        bus=bus,
        limits=limits,
        tasks=tasks,
        readiness=Readiness(
            {"database": database, "bus": bus},
            mail=bool(settings.email_host),
            translation=translator is not None,
        ),
        passwords=passwords,
        tokens=tokens,
        people=people,
        accounts=accounts,
        one_time_sign_in=OneTimeSignIn(
            accounts, collections.users, passwords, codes, _mailer(settings), limits, tasks
        ),
        groups=groups,
        conversations=conversations,
        presences=Presences(
            LocalRoster(),
            collections.users,
            conversations,
            bus,
            tasks,
            settings.presence_grace_seconds,
        ),
        inbox=inbox,
        chat=Chat(
            collections.message_log, messages, conversations, people, composer, aftermath, bus
        ),
        history=History(conversations, messages, translations, interpreter),
        translator=translator,
        interpreter=interpreter,
        uploads=uploads,
        intake=Intake(
            disk,
            collections.files,
            collections.quotas,
            Bounds(settings.max_upload_bytes, settings.upload_quota_bytes),
            tasks,
        ),
        sweeper=sweeper,
        disk=disk,
    )


def _tokens(settings: Settings, collections: Collections, bus: LocalBus, tasks: Tasks) -> Tokens:
    return Tokens(
        Signer(settings.jwt_access_secret, settings.jwt_refresh_secret),
        collections.sessions,
        bus,
        tasks,
        access_seconds=settings.access_token_seconds,
        refresh_seconds=settings.refresh_token_seconds,
    )


def _translator(settings: Settings) -> LibreTranslate | None:
    if not settings.libretranslate_url:
        return None
    return LibreTranslate(settings.libretranslate_url, settings.libretranslate_api_key)


def _mailer(settings: Settings) -> Mailer:
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

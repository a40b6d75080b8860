"""Builds every part once and joins them; the only importer of the adapters."""

from __future__ import annotations

from dataclasses import dataclass

from realchat.accounts import Accounts
from realchat.aftermath import Aftermath
from realchat.bus import LocalBuckets, LocalBus, LocalRoster
from realchat.chat import Chat
from realchat.composer import Composer
from realchat.conversations import Conversations
from realchat.conversations import Conversations
from realchat.disk import Disk
from realchat.file_types import inspect
from realchat.groups import Groups
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
from realchat.store.conversations import DirectConversations
from realchat.store.conversations import DirectConversations, ReadMarks
from realchat.store.database import Database
from realchat.store.groups import Groups as GroupStore
from realchat.store.message_log import MessageLog
from realchat.store.messages import Messages
from realchat.store.files import Files, Quotas
from realchat.store.groups import Groups as GroupStore
from realchat.store.messages import Messages
from realchat.store.otps import Otps
from realchat.store.sessions import Sessions
from realchat.store.translations import Translations
from realchat.store.users import Users
from realchat.sweep import INTERVAL, Sweeper
from realchat.tasks import Tasks
from realchat.tokens import Signer, Tokens
from realchat.translation import Interpreter
from realchat.translators import LibreTranslate
from realchat.uploads import Uploads


@dataclass(frozen=True, kw_only=True)
class Services:
    """All parts of one running RealChat."""

    settings: Settings
    database: Database
    epoch: str
    bus: LocalBus
    limits: Limits
    tasks: Tasks
    readiness: Readiness
    users: Users
    passwords: Passwords
    tokens: Tokens
    people: People
    accounts: Accounts
    one_time_sign_in: OneTimeSignIn
    conversations: Conversations
    uploads: Uploads
    intake: Intake
    sweeper: Sweeper
    disk: Disk

    async def close(self) -> None:
        """Finish what is under way, then let go of everything."""
        await self.tasks.drain()
        self.passwords.close()
        self.disk.close()
        self.database.close()


async def open_services(settings: Settings, mongodb_uri: str) -> Services:
    """Connect, create indexes and build all parts. Raises `ChatError` `unavailable`."""
    database = Database(mongodb_uri, settings.mongodb_db)
    tasks = Tasks()
    bus = LocalBus()
    limits = Limits(LocalBuckets(), enabled=settings.rate_limits)
    users, sessions, otps = Users(database), Sessions(database), Otps(database)
    files, quotas = Files(database), Quotas(database)
    for collection in (users, sessions, otps, files):
        await collection.prepare()
    passwords = Passwords(settings.bcrypt_rounds)
    tokens = _tokens(settings, sessions, bus, tasks)
    people = People(users, bus)
    conversations = _conversations(database, people, files, bus)
    disk = Disk(settings.upload_dir, inspect)
    uploads = Uploads(files, disk, conversations)
    sweeper = Sweeper(files, disk, quotas)
    tasks.repeat(sweeper.sweep, INTERVAL)
    accounts = Accounts(users, passwords, tokens, limits, bus, uploads)
    codes = OneTimeCodes(otps, settings.jwt_refresh_secret)
    return Services(
        settings=settings,
        database=database,
        epoch=await database.epoch(new_id()),
        bus=bus,
        limits=limits,
        tasks=tasks,
        readiness=Readiness(
            {"database": database, "bus": bus},
            mail=bool(settings.email_host),
            translation=bool(settings.libretranslate_url),
        ),
        users=users,
        passwords=passwords,
        tokens=tokens,
        people=people,
        accounts=accounts,
        one_time_sign_in=OneTimeSignIn(
            accounts, users, passwords, codes, _mailer(settings), limits, tasks
        ),
        conversations=conversations,
        uploads=uploads,
        intake=Intake(
            disk, files, quotas, Bounds(settings.max_upload_bytes, settings.upload_quota_bytes)
        ),
        sweeper=sweeper,
        disk=disk,
    )


def _conversations(
    database: Database, people: People, files: Files, bus: LocalBus
) -> Conversations:
    groups = Groups(GroupStore(database), people, (Messages(database), files), bus)
    return Conversations(DirectConversations(database), groups, people)


def _tokens(settings: Settings, sessions: Sessions, bus: LocalBus, tasks: Tasks) -> Tokens:
    return Tokens(
        Signer(settings.jwt_access_secret, settings.jwt_refresh_secret),
        sessions,
        bus,
        tasks,
        access_seconds=settings.access_token_seconds,
        refresh_seconds=settings.refresh_token_seconds,
    )


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

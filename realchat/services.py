"""Builds every part once and joins them; the only importer of the adapters."""

from __future__ import annotations

import asyncio

from realchat.accounts import Accounts
from realchat.aftermath import Aftermath
from realchat.archive import Archive
from realchat.audiences import Audiences
from realchat.bucket import Bucket
from realchat.catch_up import CatchUp
from realchat.chat import Chat
from realchat.clearing import Clearing
from realchat.composer import Composer
from realchat.conversations import Conversations
from realchat.corrections import Corrections
from realchat.detection import LanguageDetector
from realchat.disk import Disk
from realchat.entrances import Entrances
from realchat.file_types import inspect
from realchat.flood import Floodgate, Rates
from realchat.glossary import Glossaries
from realchat.group_news import GroupNews
from realchat.groups import Groups
from realchat.history import History
from realchat.identifiers import Py3Langid
from realchat.ids import new_id
from realchat.inbox import Inbox
from realchat.intake import Bounds, Intake
from realchat.limits import Limits
from realchat.otp import OneTimeCodes, OneTimeSignIn
from realchat.outside import make_engine, make_mailer
from realchat.passwords import Passwords
from realchat.people import People
from realchat.phrasebook import Phrasebook
from realchat.phrasing import Phrasing
from realchat.ports import Bus
from realchat.presence import Presences
from realchat.previews import Previews
from realchat.readiness import Readiness
from realchat.s3 import S3
from realchat.settings import Settings
from realchat.sharing import Alone, Shared
from realchat.signing import Signer
from realchat.store.collections import Collections
from realchat.store.database import Database
from realchat.store.neighbours import introduce, look_around
from realchat.sweep import INTERVAL, Sweeper
from realchat.tasks import Tasks
from realchat.tokens import Tokens
from realchat.translation import Interpreter
from realchat.uploads import Uploads

# Seconds that the start waits for the translation engine, and between two looks at it.
_ENGINE_PATIENCE = 3
_ENGINE_INTERVAL = 60
# Seconds between two looks at the bucket, and between two signs that uploads are under way.
_BUCKET_INTERVAL = 10
_REFRESH_INTERVAL = 60


class Services:
    """All parts of one running RealChat, each built on those before it."""

    def __init__(
        self, settings: Settings, database: Database, collections: Collections, epoch: str
    ) -> None:
        """Join the parts; `epoch` names the history of the database."""
        self.settings = settings
        self.database = database
        self.collections = collections
        self.epoch = epoch
        self.tasks = Tasks()
        is_alone = not settings.redis_url
        self.sharing = Alone() if is_alone else Shared(settings, collections, epoch, self.tasks)
        self.bus = self.sharing.bus
        self.attendance = self.sharing.attendance
        self.limits = Limits(self.sharing.buckets, enabled=settings.rate_limits)
        self.floodgate = Floodgate(
            Rates(settings.frames_per_second, settings.frame_bytes_per_second),
            enabled=settings.rate_limits,
        )
        self.people = People(collections.users, self.bus)
        self._join_conversations()
        self._join_files()
        self._join_accounts()
        self._join_messages()
        self.readiness = Readiness(
            {"database": database},
            bus=self.sharing,
            mail=bool(settings.email_host),
            engine=self.engine,
            files=self.bucket,
        )

    async def meet_engine(self) -> None:
        """Begin to look at the translation engine; wait a little for what it says of itself."""
        if self.engine is not None:
            self.tasks.repeat(self.engine.check, _ENGINE_INTERVAL)
            await self.engine.met(_ENGINE_PATIENCE)

    async def meet_bucket(self) -> None:
        """Begin to look at the bucket, if there is one; return when it was looked at once."""
        if self.bucket is not None:
            await self.bucket.check()
            self.tasks.repeat(self.bucket.check, _BUCKET_INTERVAL)

    async def meet_others(self) -> None:
        """Begin to hear other processes, if there may be any, and to show that this one lives."""
        await self.sharing.open()
        self.sharing.watch(self.presences)

    async def close(self) -> None:
        """Finish what is under way, then let go of everything."""
        await self.presences.close()
        await self.collections.message_log.drain()
        await self.phrasebook.close()
        await self.tasks.close()
        await self.sharing.close()
        self.passwords.close()
        if self.bucket is not None:
            self.bucket.close()
        self.disk.close()
        if self.engine is not None:
            await self.engine.close()
        self.database.close()

    def _join_conversations(self) -> None:
        kept = self.collections
        cleared = (kept.messages, kept.translations, kept.corrections, kept.files, kept.glossaries)
        # Alone, one hears of a change before anything is said after it.
        spoken = None if isinstance(self.sharing, Alone) else kept.messages
        clearing = Clearing(cleared, self.tasks)
        news = GroupNews(self.bus, spoken)
        self.groups = Groups(kept.groups, self.people, clearing, self.bus, news)
        self.glossaries = Glossaries(kept.glossaries, self.groups, self.bus)
        self.entrances = Entrances(kept.groups, self.groups)
        self.conversations = Conversations(kept.directs, self.groups, self.people, kept.messages)
        roster = self.sharing.roster
        self.presences = Presences(
            roster,
            kept.users,
            self.conversations,
            Audiences(roster, kept.directs, kept.groups, kept.messages, self.people),
            self.bus,
            self.tasks,
            self.settings.presence_grace_seconds,
        )

    def _join_files(self) -> None:
        settings, files, quotas = self.settings, self.collections.files, self.collections.quotas
        self.disk = Disk(settings.upload_dir, inspect)
        self.bucket = Bucket(S3(settings), self.disk) if settings.s3_bucket else None
        contents = self.bucket or self.disk
        self.uploads = Uploads(files, contents, self.conversations)
        bounds = Bounds(settings.max_upload_bytes, settings.upload_quota_bytes)
        self.intake = Intake(contents, files, quotas, bounds, self.tasks)
        self.sweeper = Sweeper(files, contents, quotas, self.collections.claims)
        self.tasks.repeat(self.sweeper.go_round, INTERVAL)
        self.tasks.repeat(self.disk.refresh_parts, _REFRESH_INTERVAL)

    def _join_accounts(self) -> None:
        settings, users = self.settings, self.collections.users
        self.passwords = Passwords(settings.bcrypt_rounds)
        self.tokens = _tokens(settings, self.collections, self.bus, self.tasks)
        self.accounts = Accounts(
            users, self.passwords, self.tokens, self.limits, self.bus, self.uploads
        )
        codes = OneTimeCodes(self.collections.otps, settings.jwt_refresh_secret)
        mailer = make_mailer(settings)
        self.one_time_sign_in = OneTimeSignIn(
            self.accounts, users, self.passwords, codes, mailer, self.limits, self.tasks
        )

    def _join_messages(self) -> None:
        messages, translations = self.collections.messages, self.collections.translations
        self.engine = make_engine(self.settings)
        archive = Archive(translations, self.collections.corrections, messages)
        self.phrasebook = Phrasebook(archive, self.collections.claims, self.engine)
        phrasing = Phrasing(self.glossaries, self.people)
        self.interpreter = Interpreter(self.phrasebook, phrasing, self.bus, self.tasks)
        self.inbox = Inbox(
            self.conversations,
            self.collections.marks,
            messages,
            self.people,
            self.interpreter,
            self.bus,
        )
        detector = LanguageDetector(Py3Langid(), self.people)
        self.chat = Chat(
            self.collections.message_log,
            messages,
            self.conversations,
            self.people,
            Composer(messages, self.people, self.uploads, detector),
            Aftermath(self.interpreter, messages, self.uploads, self.tasks),
            self.bus,
        )
        self.corrections = Corrections(self.chat, archive, self.interpreter)
        self.previews = Previews(
            self.phrasebook, phrasing, detector, self.conversations, self.people
        )
        self.history = History(self.conversations, messages, translations, self.interpreter)
        self.catch_up = CatchUp(
            self.conversations, messages, self.interpreter, self.settings.resume_limit
        )


async def open_services(settings: Settings, mongodb_uri: str) -> Services:
    """Connect, create indexes and build all parts. Raises `ChatError` `unavailable`."""
    me = introduce(settings.redis_url, settings.mongodb_db)
    database = Database(mongodb_uri, settings.mongodb_db, str(me))
    try:
        collections = Collections(
            database, is_sharded=settings.mongodb_sharded, is_shared=bool(settings.redis_url)
        )
        _, epoch, _ = await asyncio.gather(
            collections.prepare(), database.epoch(new_id()), Py3Langid().load()
        )
        services = Services(settings, database, collections, epoch)
        await asyncio.gather(
            services.meet_engine(),
            services.meet_bucket(),
            services.meet_others(),
            look_around(database, me),
        )
        return services
    except BaseException:
        database.close()
        raise


def _tokens(settings: Settings, collections: Collections, bus: Bus, tasks: Tasks) -> Tokens:
    return Tokens(
        Signer(settings.jwt_access_secret, settings.jwt_refresh_secret),
        collections.sessions,
        bus,
        tasks,
        access_seconds=settings.access_token_seconds,
        refresh_seconds=settings.refresh_token_seconds,
    )

"""All collections of one database, ready to be used."""

from __future__ import annotations

import asyncio

from realchat.store.claims import Claims
from realchat.store.conversations import DirectConversations, ReadMarks
from realchat.store.corrections import Corrections
from realchat.store.database import Database
from realchat.store.files import Files, Quotas
from realchat.store.glossaries import Glossaries
from realchat.store.groups import Groups
from realchat.store.message_log import MessageLog
from realchat.store.messages import Messages
from realchat.store.migrations import migrate
from realchat.store.otps import Otps
from realchat.store.places import Places
from realchat.store.sessions import Sessions
from realchat.store.translations import Translations
from realchat.store.users import Users


class Collections:
    """One object a collection, and the one writer of messages."""

    def __init__(
        self, database: Database, *, is_sharded: bool = False, is_shared: bool = False
    ) -> None:
        """Name the collections; `is_sharded` where messages lie on several shards, or will.

        `is_shared` where other processes write to them as well.
        """
        self._database = database
        self.users = Users(database)
        self.sessions = Sessions(database)
        self.otps = Otps(database)
        self.groups = Groups(database)
        self.glossaries = Glossaries(database)
        self.directs = DirectConversations(database)
        self.marks = ReadMarks(database)
        self.messages = Messages(database, Places(database) if is_sharded else None)
        self.message_log = MessageLog(self.messages, is_shared=is_shared)
        self.translations = Translations(database)
        self.corrections = Corrections(database)
        self.claims = Claims(database)
        self.files = Files(database)
        self.quotas = Quotas(database)

    async def prepare(self) -> None:
        """Create the indexes that are missing, and make the migrations."""
        await asyncio.gather(
            self.users.prepare(),
            self.sessions.prepare(),
            self.otps.prepare(),
            self.groups.prepare(),
            self.directs.prepare(),
            self.marks.prepare(),
            self.messages.prepare(),
            self.translations.prepare(),
            self.corrections.prepare(),
            self.claims.prepare(),
            self.files.prepare(),
        )
        await migrate(self._database, self.claims)

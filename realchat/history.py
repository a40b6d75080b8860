"""What was said: pages of a conversation, single messages, and looking for words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from realchat.conversations import Conversations
from realchat.errors import ChatError, Code
from realchat.ids import is_id
from realchat.languages import base, pattern_of
from realchat.models import Message, Reader, StoredTranslation, Translation
from realchat.phrases import digest
from realchat.readings import Look
from realchat.replies import SearchHit
from realchat.requests import History as Part
from realchat.requests import SearchMessages
from realchat.translation import Interpreter


class MessageSource(Protocol):
    """Where messages are read."""

    async def find(self, message_id: str) -> Message | None:
        """Return one message."""

    async def find_many(self, message_ids: Sequence[str]) -> list[Message]:
        """Return those of the messages that there are."""

    async def page(
        self, conversation: str, *, before: int | None, after: int | None, limit: int
    ) -> list[Message]:
        """Return a part of a conversation, newest first."""

    async def changes(self, conversation: str, since: int, limit: int) -> list[Message]:
        """Return what changed after a rev, in rev order."""

    async def search(self, look: Look) -> list[Message]:
        """Return messages that hold a text, newest first."""


class TranslationSource(Protocol):
    """Where translations are looked through."""

    async def search(self, look: Look) -> list[StoredTranslation]:
        """Return translations that hold a text, newest messages first."""


class History:
    """What was said, as its readers see it."""

    def __init__(
        self,
        conversations: Conversations,
        messages: MessageSource,
        translations: TranslationSource,
        interpreter: Interpreter,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._translations = translations
        self._interpreter = interpreter

    async def page(
        self, reader: Reader, conversation: str, part: Part
    ) -> tuple[list[Message], dict[str, int] | None]:
        """Return a part of a conversation, and the query of the next one while there is more.

        Newest first; in rev order when `changed_since` is asked for.
        """
        await self._conversations.members(reader.user_id, conversation)
        # One more than asked for tells whether there are more.
        if isinstance(part.changed_since, int):
            found = await self._messages.changes(conversation, part.changed_since, part.limit + 1)
            kept = found[: part.limit]
            more = {"changed_since": kept[-1].rev} if len(found) > part.limit else None
        else:
            kept, more = await self._by_seq(conversation, part)
        return await self._interpreter.show(kept, reader), more

    async def message(self, reader: Reader, message_id: str) -> Message:
        """Return one message, as its reader sees it."""
        [shown] = await self._interpreter.show([await self._find(reader, message_id)], reader)
        return shown

    async def translation(self, reader: Reader, message_id: str, lang: str) -> Translation:
        """Return a message's translation into a language, made now if need be."""
        message = await self._find(reader, message_id)
        if message.deleted is True:
            raise ChatError(Code.MESSAGE_DELETED)
        return await self._interpreter.translate(message, base(lang))

    async def search(
        self, reader: Reader, request: SearchMessages
    ) -> tuple[list[SearchHit], dict[str, str] | None]:
        """Return messages in which the original or a translation holds the words, newest first.

        Only those of the reader's conversations; with the query of the next
        page while there is more.
        """
        look = Look(
            conversations=await self._scope(reader, request),
            text=request.q,
            lang=pattern_of(request.lang) if isinstance(request.lang, str) else None,
            before=request.before if isinstance(request.before, str) else None,
            limit=request.limit + 1,
        )
        originals = {one.id: one for one in await self._messages.search(look)}
        translated = {one.message_id: one for one in await self._translations.search(look)}
        ids = sorted({*originals, *translated}, reverse=True)
        kept = ids[: request.limit]
        others = await self._messages.find_many([one for one in kept if one not in originals])
        messages = originals | {one.id: one for one in others if _says(translated[one.id], one)}
        shown = await self._interpreter.show(
            [messages[one] for one in kept if one in messages], reader
        )
        hits = [_hit(one, originals.get(one.id), translated.get(one.id)) for one in shown]
        return hits, {"before": kept[-1]} if len(ids) > request.limit else None

    async def _find(self, reader: Reader, message_id: str) -> Message:
        message = await self._messages.find(message_id) if is_id(message_id) else None
        if message is None or not await self._conversations.is_member(
            reader.user_id, message.conversation
        ):
            raise ChatError(Code.NOT_FOUND)
        return message

    async def _by_seq(
        self, conversation: str, part: Part
    ) -> tuple[list[Message], dict[str, int] | None]:
        before = part.before if isinstance(part.before, int) else None
        after = part.after if isinstance(part.after, int) else None
        found = await self._messages.page(
            conversation, before=before, after=after, limit=part.limit + 1
        )
        if len(found) <= part.limit:
            return found, None
        if after is None:
            kept = found[: part.limit]
            return kept, {"before": kept[-1].seq}
        kept = found[1:]
        return kept, {"after": kept[0].seq}

    async def _scope(self, reader: Reader, request: SearchMessages) -> list[str]:
        if not isinstance(request.conversation, str):
            return list(await self._conversations.of_member(reader.user_id))
        await self._conversations.members(reader.user_id, request.conversation)
        return [request.conversation]


def _says(translation: StoredTranslation, message: Message) -> bool:
    """Tell whether a translation is of the text that a message has now."""
    return translation.text == digest(message.content)


def _hit(
    message: Message, original: Message | None, translation: StoredTranslation | None
) -> SearchHit:
    """Say what of a message matched: the original, where both did."""
    if original is not None or translation is None:
        return SearchHit(message=message, matched="original", lang=message.content_lang)
    return SearchHit(message=message, matched="translation", lang=translation.lang)

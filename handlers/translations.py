"""Translations: a message in another language, put right by readers; and texts before they go."""

from __future__ import annotations

from handlers.endpoint import endpoint
from handlers.reading import ReadingHandler
from handlers.routes import Route
from realchat.errors import Code
from realchat.limits import TRANSLATE
from realchat.models import Translation
from realchat.replies import Preview
from realchat.requests import CorrectTranslation, PreviewRequest, TranslationQuery


class TranslationHandler(ReadingHandler):
    """`/messages/{message_id}/translation`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.MESSAGE_DELETED), rate=TRANSLATE)
    async def get(self, message_id: str, query: TranslationQuery) -> Translation:
        """Read a message in another language, translated now if need be."""
        reader = await self.reader()
        lang = query.lang if isinstance(query.lang, str) else reader.languages[0]
        return await self.services.history.translation(reader, message_id, lang)

    @endpoint(
        raises=(Code.NOT_FOUND, Code.MESSAGE_DELETED, Code.BLOCKED, Code.CONFLICT),
        rate=TRANSLATE,
    )
    async def put(self, message_id: str, body: CorrectTranslation) -> Translation:
        """Put a message's translation right, for all who read it and wherever it is said again."""
        return await self.services.corrections.correct(
            self.user_id, message_id, body.lang, body.content
        )


class PreviewHandler(ReadingHandler):
    """`/translate/preview`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN), rate=TRANSLATE)
    async def post(self, body: PreviewRequest) -> Preview:
        """See what a text becomes in another language, and what comes back of that."""
        return await self.services.previews.preview(self.user_id, body)


ROUTES = [
    Route("/messages/{message_id}/translation", TranslationHandler),
    Route("/translate/preview", PreviewHandler),
]

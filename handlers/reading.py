"""What handlers of messages share: who reads, in which languages, and where the next page is."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from handlers.base import ApiHandler
from realchat.models import Reader


class ReadingHandler(ApiHandler):
    """A handler that shows messages to whoever asks."""

    async def reader(self) -> Reader:
        """Return the one who asks, with the languages they read."""
        user = await self.services.people.get(self.user_id)
        return Reader(user_id=user.id, languages=user.languages)

    def link_next(self, query: Mapping[str, object] | None) -> None:
        """Name the next page, if there is one: this address with other parts of its query."""
        if query is None:
            return
        given = {name: values[-1] for name, values in self.request.query_arguments.items()}
        address = f"{self.request.path}?{urlencode({**given, **query})}"
        self.set_header("Link", f'<{address}>; rel="next"')

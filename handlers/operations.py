"""What those who run RealChat ask: does it live, can it serve."""

from __future__ import annotations

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from realchat.errors import Code
from realchat.models import Record


class Health(Record, frozen=True, kw_only=True):
    """The process lives."""

    status: str


class HealthHandler(ApiHandler):
    """`/healthz`."""

    @endpoint(public=True)
    async def get(self) -> Health:
        """Tell that the process lives."""
        return Health(status="ok")


class ReadyHandler(ApiHandler):
    """`/readyz`."""

    @endpoint(public=True, raises=(Code.UNAVAILABLE,))
    async def get(self) -> Health:
        """Tell whether the server can serve: its database answers."""
        await self.services.database.ping()
        return Health(status="ok")


ROUTES = [
    Route("/healthz", HealthHandler),
    Route("/readyz", ReadyHandler),
]

"""What those who run RealChat ask: does it live, can it serve, how is it doing."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Literal

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from realchat import metrics
from realchat.errors import ChatError, Code
from realchat.models import Record
from realchat.readiness import Details, Parts

# What proxies put on a request that they pass on.
_FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")


class Health(Record, frozen=True, kw_only=True):
    """The process lives."""

    status: Literal["ok"]


class Ready(Record, frozen=True, kw_only=True):
    """The server can serve, with these parts."""

    status: Literal["ok"]
    parts: Parts
    details: Details


class HealthHandler(ApiHandler):
    """`/healthz`."""

    @endpoint(public=True)
    async def get(self) -> Health:
        """Tell that the process lives."""
        return Health(status="ok")


class ReadyHandler(ApiHandler):
    """`/readyz`."""

    @endpoint(public=True, raises=(Code.UNAVAILABLE,))
    async def get(self) -> Ready:
        """Tell whether the server can serve, and with which parts.

        It cannot while the database or the bus is out of reach, nor once it is stopping.
        Without its translation engine it can; which one it is, and its languages, is in
        the details. Without the bucket it can do all but files, which are `away` then.
        """
        readiness = self.services.readiness
        return Ready(status="ok", parts=await readiness.check(), details=readiness.details)


class MetricsHandler(ApiHandler):
    """`/metrics`."""

    @endpoint(public=True, raises=(Code.NOT_AUTHENTICATED,), reply_type="text/plain")
    async def get(self) -> None:
        """Give the measures as Prometheus reads them.

        Without a token only to programs on the same machine that ask directly;
        to all others with the server's `METRICS_TOKEN` as bearer token.
        """
        if not (self._is_local() or self._has_token()):
            raise ChatError(Code.NOT_AUTHENTICATED)
        self.set_header("Content-Type", metrics.MEDIA_TYPE)
        self.finish(metrics.render())

    def _is_local(self) -> bool:
        if any(header in self.request.headers for header in _FORWARDED):
            return False
        return ipaddress.ip_address(self.request.remote_ip or "0.0.0.0").is_loopback

    def _has_token(self) -> bool:
        token = self.services.settings.metrics_token
        scheme, _, given = self.request.headers.get("Authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode(), token.encode())
        return bool(token) and scheme.lower() == "bearer" and matches


ROUTES = [
    Route("/healthz", HealthHandler),
    Route("/readyz", ReadyHandler),
    Route("/metrics", MetricsHandler),
]

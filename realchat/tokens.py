"""Tokens and the sessions they belong to: issue, refresh, authenticate, end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol

from cachetools import TTLCache

from realchat.credentials import Session
from realchat.errors import ChatError, Code
from realchat.events import AnyHappening, Resync, SessionsEnded
from realchat.ids import new_id, now
from realchat.models import Principal, Record
from realchat.notes import Notes
from realchat.ports import Bus
from realchat.signing import Claims, Signer
from realchat.tasks import Tasks

# Seconds for which a session is believed to live without asking the database.
# An ending is told over the bus at once; this bounds the harm if that fails.
_BELIEF = 30
_MAX_BELIEVED = 50_000
# How exactly `last_seen` is kept: one write a minute, not one a request.
_SEEN_EVERY = timedelta(minutes=1)
# For how long the refresh token spent last is taken again from a cookie. RFC 9700, section
# 4.14.2, has each token good once, and reuse end the session; what services allow for lost
# answers is from 0 to 60 seconds (`RetryGracePeriodSeconds` of Amazon Cognito). What ours
# costs: docs/decisions/0013-cookie-sessions.md.
_GRACE = timedelta(seconds=30)

# Where a refresh token is kept: by a program that had it in a body, or in a browser's cookie.
RefreshKind = Literal["refresh", "cookie"]


class Grant(Record, frozen=True, kw_only=True):
    """The tokens of a session; lives are in seconds.

    `refresh_token` and `cookie_token` are the same one in two kinds, of which a
    client gets one.
    """

    session_id: str
    access_token: str
    refresh_token: str
    cookie_token: str
    files_token: str
    expires_in: int
    refresh_expires_in: int
    files_expires_in: int


class Sessions(Protocol):
    """Where sessions are kept."""

    async def create(self, session: Session) -> None:
        """Keep a new session."""

    async def find(self, session_id: str) -> Session | None:
        """Return a session that has not ended."""

    async def list_of(self, user_id: str) -> list[Session]:
        """Return a user's sessions, the latest seen first."""

    async def rotate(
        self, session_id: str, spent: str, fresh: str, expires_at: datetime
    ) -> Session | None:
        """Put `fresh` in the place of the refresh token `spent`, if that is the current one."""

    async def touch(self, moments: Mapping[str, datetime]) -> None:
        """Note when sessions were last seen."""

    async def end(self, session_ids: Sequence[str]) -> None:
        """Delete sessions."""


class Tokens:
    """Hands out the tokens of sessions and tells who a token belongs to."""

    def __init__(
        self,
        signer: Signer,
        sessions: Sessions,
        bus: Bus,
        tasks: Tasks,
        *,
        access_seconds: int,
        refresh_seconds: int,
    ) -> None:
        self._signer = signer
        self._sessions = sessions
        self._bus = bus
        self._access_seconds = access_seconds
        self._refresh_seconds = refresh_seconds
        self._believed: TTLCache[str, str] = TTLCache(_MAX_BELIEVED, _BELIEF)
        self._endings = 0
        self._seen = Notes(tasks, sessions.touch)
        bus.subscribe(self._hear)

    async def open_session(self, user_id: str, user_agent: str) -> Grant:
        """Sign a user in on one more device."""
        moment = now()
        session = Session(
            id=new_id(),
            user_id=user_id,
            refresh_id=new_id(),
            user_agent=user_agent,
            created_at=moment,
            last_seen=moment,
            expires_at=self._expiry(),
        )
        await self._sessions.create(session)
        return self._grant(session)

    def owner_of(self, refresh_token: str, kind: RefreshKind) -> str:
        """Return whose refresh token this is, without spending it.

        Raises `not_authenticated` or `token_expired`.
        """
        return self._signer.read(refresh_token, kind).sub

    async def refresh(self, token: str, kind: RefreshKind) -> Grant:
        """Spend a refresh token for new tokens.

        Raises `not_authenticated`, `token_expired`, or `token_reused` when it
        was spent before: somebody has stolen it, so the session ends. A cookie's
        is taken again for 30 seconds where it was spent last, for the tokens
        that the first answer had: that may be lost, or on its way to another tab.
        """
        claims = self._signer.read(token, kind)
        session = await self._sessions.rotate(claims.sid, claims.jti, new_id(), self._expiry())
        if session is not None:
            return self._grant(session)
        session = await self._sessions.find(claims.sid)
        if session is None:
            raise ChatError(Code.NOT_AUTHENTICATED)
        if kind == "cookie" and _is_lately_spent(claims.jti, session):
            return self._grant(session)
        await self.end(claims.sub, [claims.sid])
        raise ChatError(Code.TOKEN_REUSED)

    async def authenticate(self, token: str) -> Principal:
        """Return whose access token this is. Raises `not_authenticated` or `token_expired`."""
        return await self._principal(self._signer.read(token, "access"))

    async def confirm(self, principal: Principal) -> None:
        """Raise `not_authenticated` if a session has ended since its token was read.

        Costs nothing as long as the session is believed to live: that belief
        goes the moment its ending is told, before anybody else can run. Where
        it is too old, or had to make room, the database is asked again.
        """
        await self._require_alive(principal)

    async def authenticate_files(self, token: str) -> Principal:
        """Return whose token for downloads this is; the errors are those of `authenticate`."""
        return await self._principal(self._signer.read(token, "files"))

    async def sessions_of(self, user_id: str) -> list[Session]:
        """Return a user's sessions, the latest seen first."""
        return await self._sessions.list_of(user_id)

    async def end(self, user_id: str, session_ids: Sequence[str]) -> None:
        """End sessions of a user: their tokens are void at once, everywhere."""
        if not session_ids:
            return
        try:
            await self._sessions.end(session_ids)
        finally:
            # Also where nobody knows whether they have ended: those that live sign in again.
            self._bus.publish(SessionsEnded(user_id=user_id, session_ids=tuple(session_ids)))

    async def end_all(self, user_id: str, *, but: str | None = None) -> None:
        """End all sessions of a user, or all but one."""
        sessions = await self._sessions.list_of(user_id)
        await self.end(user_id, [session.id for session in sessions if session.id != but])

    async def _principal(self, claims: Claims) -> Principal:
        principal = Principal(user_id=claims.sub, session_id=claims.sid)
        await self._require_alive(principal)
        return principal

    async def _require_alive(self, principal: Principal) -> None:
        session_id = principal.session_id
        owner = self._believed.get(session_id) or await self._ask(session_id)
        if owner != principal.user_id:
            raise ChatError(Code.NOT_AUTHENTICATED)

    async def _ask(self, session_id: str) -> str | None:
        """Return whose session this is, if it lives, and believe it for a while."""
        while True:
            endings = self._endings
            session = await self._sessions.find(session_id)
            if session is None:
                return None
            # An ending while the database was being asked may be newer than its answer.
            if endings == self._endings:
                break
        self._believed[session_id] = session.user_id
        if now() - session.last_seen >= _SEEN_EVERY:
            self._seen.put(session_id, now())
        return session.user_id

    def _hear(self, happening: AnyHappening) -> None:
        if isinstance(happening, SessionsEnded):
            self._endings += 1
            for session_id in happening.session_ids:
                self._believed.pop(session_id, None)
        elif isinstance(happening, Resync):
            self._endings += 1
            self._believed.clear()

    def _expiry(self) -> datetime:
        return now() + timedelta(seconds=self._refresh_seconds)

    def _grant(self, session: Session) -> Grant:
        principal = Principal(user_id=session.user_id, session_id=session.id)
        long = self._refresh_seconds
        sign = self._signer.sign
        return Grant(
            session_id=session.id,
            access_token=sign("access", principal, self._access_seconds, new_id()),
            refresh_token=sign("refresh", principal, long, session.refresh_id),
            cookie_token=sign("cookie", principal, long, session.refresh_id),
            files_token=sign("files", principal, long, new_id()),
            expires_in=self._access_seconds,
            refresh_expires_in=long,
            files_expires_in=long,
        )


def _is_lately_spent(token_id: str, session: Session) -> bool:
    """Tell whether a refresh token is the one that was spent last, and not long ago."""
    if session.rotated_at is None or token_id != session.previous_id:
        return False
    return now() - session.rotated_at <= _GRACE

"""Accounts: made, entered by password, changed; and the devices they are used on."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from msgspec import UNSET, structs

from realchat.avatars import Avatars, settle_avatar
from realchat.credentials import Session
from realchat.errors import ChatError, Code, invalid
from realchat.events import UserChanged
from realchat.ids import new_id, now, timestamp
from realchat.languages import canonical
from realchat.limits import SIGN_IN_ACCOUNT, Limits
from realchat.models import Device, Principal, User, UserChange
from realchat.names import clean_name, email_key
from realchat.ports import Bus
from realchat.requests import Login, Register, UpdateAccount
from realchat.tokens import Grant, RefreshKind, Tokens


class Users(Protocol):
    """Where users are kept."""

    async def create(self, user: User) -> None:
        """Keep a new user. Raises `email_taken`."""

    async def find(self, user_id: str) -> User | None:
        """Return one user."""

    async def find_by_email(self, key: str) -> User | None:
        """Return the user of an address, by its `email_key`."""

    async def update(self, user_id: str, change: UserChange) -> User | None:
        """Change what is set in `change`; return the user as they are then."""


class Hasher(Protocol):
    """What hashes passwords, off the loop."""

    async def hash(self, password: str) -> str:
        """Return the hash to be kept."""

    async def verify(self, password: str, kept: str | None) -> bool:
        """Tell whether a password has this hash; takes as long when there is none."""


class Entry(NamedTuple):
    """Somebody who has just signed in, with the tokens of their new session."""

    user: User
    grant: Grant


class Accounts:
    """All accounts and what their owners may do with them."""

    def __init__(
        self,
        users: Users,
        hasher: Hasher,
        tokens: Tokens,
        limits: Limits,
        bus: Bus,
        avatars: Avatars,
    ) -> None:
        self._users = users
        self._hasher = hasher
        self._tokens = tokens
        self._limits = limits
        self._bus = bus
        self._avatars = avatars

    async def register(self, body: Register, user_agent: str) -> Entry:
        """Make an account and sign in. Raises `email_taken` or `validation_error`."""
        name = clean_name(body.name)
        if await self._users.find_by_email(email_key(body.email)) is not None:
            raise ChatError(Code.EMAIL_TAKEN)
        password_hash = await self._hasher.hash(body.password)
        return await self.create(
            body.email, name, body.language, user_agent, password_hash=password_hash
        )

    async def login(self, body: Login, user_agent: str) -> Entry:
        """Sign in by password. Raises `invalid_credentials` or `rate_limited`."""
        key = email_key(body.email)
        await self._limits.take(SIGN_IN_ACCOUNT, key)
        user = await self._users.find_by_email(key)
        kept = user.password_hash if user is not None else None
        if not await self._hasher.verify(body.password, kept) or user is None:
            raise ChatError(Code.INVALID_CREDENTIALS)
        entry = await self.enter(user, user_agent)
        await self._require_unchanged(entry)
        return entry

    async def refresh(self, token: str, kind: RefreshKind) -> Entry:
        """Spend a refresh token for new ones; the errors are those of `Tokens.refresh`."""
        # Before the token is spent: what fails now can be tried again with it.
        user = await self.get(self._tokens.owner_of(token, kind))
        return Entry(user, await self._tokens.refresh(token, kind))

    async def logout(self, principal: Principal, *, everywhere: bool) -> None:
        """End this session, or all of the user's."""
        if everywhere:
            await self._tokens.end_all(principal.user_id)
        else:
            await self._tokens.end(principal.user_id, [principal.session_id])

    async def get(self, user_id: str) -> User:
        """Return somebody's account as it is kept now. Raises `not_authenticated`."""
        user = await self._users.find(user_id)
        if user is None:
            raise ChatError(Code.NOT_AUTHENTICATED)
        return user

    async def update(self, principal: Principal, body: UpdateAccount) -> User:
        """Change one's own account; a new password ends all other sessions.

        Raises `validation_error` or `rate_limited`.
        """
        change = _change_of(body)
        user = await self.get(principal.user_id)
        if body.password is not UNSET:
            await self._require_password(user, body)
            change = structs.replace(change, password_hash=await self._hasher.hash(body.password))
        if body.avatar is not UNSET:
            await self._avatars.claim_avatar(user.id, body.avatar)
        if body.password is not UNSET:
            # Before the change too: what fails now can be tried again with the same password.
            await self._tokens.end_all(user.id, but=principal.session_id)
        user = await self._change(user, change)
        if body.avatar is not UNSET:
            await settle_avatar(self._avatars, self._users, user)
        if body.password is not UNSET:
            await self._tokens.end_all(user.id, but=principal.session_id)
        return user

    async def devices(self, principal: Principal) -> list[Device]:
        """Return the user's sessions, the latest seen first."""
        sessions = await self._tokens.sessions_of(principal.user_id)
        return [_device(session, principal) for session in sessions]

    async def end_device(self, principal: Principal, session_id: str) -> None:
        """End one of the user's sessions. Raises `not_found`."""
        sessions = await self._tokens.sessions_of(principal.user_id)
        if session_id not in {session.id for session in sessions}:
            raise ChatError(Code.NOT_FOUND)
        await self._tokens.end(principal.user_id, [session_id])

    async def create(
        self,
        email: str,
        name: str,
        language: str,
        user_agent: str,
        *,
        password_hash: str | None,
        is_verified: bool = False,
    ) -> Entry:
        """Keep a new account and sign in to it; `name` is clean. Raises `email_taken`."""
        user = User(
            id=new_id(),
            email=email,
            name=name,
            language=canonical(language),
            reads=(),
            password_hash=password_hash,
            is_verified=is_verified,
            avatar_url=None,
            blocked=frozenset(),
            created_at=now(),
            last_seen=None,
        )
        await self._users.create(user)
        return await self.enter(user, user_agent)

    async def enter(self, user: User, user_agent: str) -> Entry:
        """Open a session for somebody who has shown who they are."""
        return Entry(user, await self._tokens.open_session(user.id, user_agent))

    async def prove(self, user: User) -> User:
        """Note that the address of an account is its owner's."""
        return user if user.is_verified else await self._change(user, UserChange(is_verified=True))

    async def end_sessions(self, user: User) -> None:
        """End every session of somebody who has shown who they are."""
        await self._tokens.end_all(user.id)

    async def reset_password(self, user: User, password_hash: str) -> User:
        """Put another password in the place of the last; every session ends."""
        user = await self._change(user, UserChange(password_hash=password_hash, is_verified=True))
        await self.end_sessions(user)
        return user

    async def _change(self, user: User, change: UserChange) -> User:
        changed = await self._users.update(user.id, change)
        self._bus.publish(UserChanged(user_id=user.id))
        return changed or user

    async def _require_password(self, user: User, body: UpdateAccount) -> None:
        """Raise `validation_error` unless the current password is given and right."""
        if user.password_hash is None:
            raise invalid("password", "is set by a one-time code, with /auth/reset-password")
        if body.current_password is UNSET:
            raise invalid("current_password", "is required")
        await self._limits.take(SIGN_IN_ACCOUNT, email_key(user.email))
        if not await self._hasher.verify(body.current_password, user.password_hash):
            raise invalid("current_password", "is wrong")

    async def _require_unchanged(self, entry: Entry) -> None:
        """End a session opened by a password that was replaced while it was being verified."""
        user = await self.get(entry.user.id)
        if user.password_hash != entry.user.password_hash:
            await self._tokens.end(user.id, [entry.grant.session_id])
            raise ChatError(Code.INVALID_CREDENTIALS)


def _change_of(body: UpdateAccount) -> UserChange:
    reads = body.reads
    return UserChange(
        name=clean_name(body.name) if body.name is not UNSET else UNSET,
        language=canonical(body.language) if body.language is not UNSET else UNSET,
        reads=tuple(dict.fromkeys(map(canonical, reads))) if reads is not UNSET else UNSET,
        avatar_url=body.avatar,
    )


def _device(session: Session, principal: Principal) -> Device:
    return Device(
        id=session.id,
        created_at=timestamp(session.created_at),
        last_seen=timestamp(session.last_seen),
        user_agent=session.user_agent,
        current=session.id == principal.session_id,
    )

"""One-time codes: six digits for an e-mail address, good once and for ten minutes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Protocol

from msgspec import UNSET

from realchat.accounts import Accounts, Entry, Hasher, Users
from realchat.credentials import OneTimeCode
from realchat.errors import ChatError, Code, invalid
from realchat.ids import now
from realchat.limits import OTP_ACCOUNT, SIGN_IN_ACCOUNT, Limits
from realchat.names import clean_name, email_key
from realchat.replies import CodeSent
from realchat.requests import ResetPassword, VerifyOtp
from realchat.tasks import Tasks

LIFE = timedelta(minutes=10)
MAX_TRIES = 5
_PURPOSE = b"realchat one-time codes"


class Codes(Protocol):
    """Where codes are kept, one for an address."""

    async def put(self, code: OneTimeCode, max_tries: int) -> bool:
        """Put a code in the place of the last one, unless that one is locked."""

    async def count_try(self, key: str, max_tries: int) -> OneTimeCode | None:
        """Count one more try, if there is one left; return the code as it is then."""

    async def find(self, key: str) -> OneTimeCode | None:
        """Return the code of an address that has not expired."""

    async def spend(self, key: str, digest: bytes) -> bool:
        """Delete a code; tell whether it was still there."""


class OneTimeCodes:
    """Issues codes and checks them; only a keyed digest of each is kept."""

    def __init__(self, codes: Codes, secret: str) -> None:
        self._codes = codes
        self._secret = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    async def issue(self, key: str, email: str) -> str | None:
        """Return a new code for an address; none while too many wrong ones lock it."""
        code = f"{secrets.randbelow(10**6):06}"
        digest = self._digest(key, code)
        kept = OneTimeCode(key=key, email=email, digest=digest, tries=0, expires_at=now() + LIFE)
        return code if await self._codes.put(kept, MAX_TRIES) else None

    async def check(self, key: str, code: str) -> str:
        """Return where the code was sent, if it is right; a try is counted, nothing spent.

        Raises `invalid_otp`, or `otp_locked` after five tries.
        """
        kept = await self._codes.count_try(key, MAX_TRIES)
        if kept is None:
            raise await self._refusal(key)
        if not hmac.compare_digest(kept.digest, self._digest(key, code)):
            raise ChatError(Code.INVALID_OTP)
        return kept.email

    async def spend(self, key: str, code: str) -> None:
        """Use a code up. Raises `invalid_otp` if somebody else was faster."""
        if not await self._codes.spend(key, self._digest(key, code)):
            raise ChatError(Code.INVALID_OTP)

    async def _refusal(self, key: str) -> ChatError:
        kept = await self._codes.find(key)
        if kept is None:
            return ChatError(Code.INVALID_OTP)
        wait = max((kept.expires_at - now()).total_seconds(), 1)
        return ChatError(Code.OTP_LOCKED, retry_after=wait)

    def _digest(self, key: str, code: str) -> bytes:
        return hmac.digest(self._secret, f"{key}:{code}".encode(), hashlib.sha256)


class Mailer(Protocol):
    """What takes mails to people."""

    async def send_code(self, address: str, code: str, language: str) -> None:
        """Send a one-time code, in the language if there is a template in it."""


class OneTimeSignIn:
    """Signs people in by a code that was mailed to them, and lets them set a password by it."""

    def __init__(
        self,
        accounts: Accounts,
        users: Users,
        hasher: Hasher,
        codes: OneTimeCodes,
        mailer: Mailer,
        limits: Limits,
        tasks: Tasks,
    ) -> None:
        self._accounts = accounts
        self._users = users
        self._hasher = hasher
        self._codes = codes
        self._mailer = mailer
        self._limits = limits
        self._tasks = tasks

    async def request(self, email: str, language: str) -> CodeSent:
        """Mail a code, in the account's language; in `language` where there is no account.

        The mailing goes on after the return, so that time tells nothing.
        Raises `validation_error` or `rate_limited`.
        """
        key = email_key(email)
        await self._limits.take(OTP_ACCOUNT, key)
        user = await self._users.find_by_email(key)
        # To the address as it was registered: another spelling with the same key
        # may be another person's.
        address = user.email if user is not None else email
        code = await self._codes.issue(key, address)
        if code is not None:
            language = user.language if user is not None else language
            self._tasks.start(self._mailer.send_code(address, code, language))
        return CodeSent(expires_in=int(LIFE.total_seconds()))

    async def verify(self, body: VerifyOtp, language: str, user_agent: str) -> Entry:
        """Sign in by a code, to a new account if there is none; the address is proven by it.

        Raises `invalid_otp`, `otp_locked`, `rate_limited`, or `validation_error`
        for `name` where it is needed; the code stays good then.
        """
        key = email_key(body.email)
        address = await self._check(key, body.code)
        user = await self._users.find_by_email(key)
        if user is not None:
            await self._codes.spend(key, body.code)
            return await self._accounts.enter(await self._accounts.prove(user), user_agent)
        if body.name is UNSET:
            raise invalid("name", "is required")
        name = clean_name(body.name)
        await self._codes.spend(key, body.code)
        return await self._accounts.create(
            address, name, language, user_agent, password_hash=None, is_verified=True
        )

    async def reset_password(self, body: ResetPassword, user_agent: str) -> Entry:
        """Set a password by a code and sign in; every other session ends.

        Raises `invalid_otp`, `otp_locked`, `rate_limited`, or `not_found` where
        there is no account; the code stays good then.
        """
        key = email_key(body.email)
        await self._check(key, body.code)
        user = await self._users.find_by_email(key)
        if user is None:
            raise ChatError(Code.NOT_FOUND, "There is no account with this address. Register one.")
        password_hash = await self._hasher.hash(body.password)
        # Before the code is spent: what fails now can be tried again with it.
        await self._accounts.end_sessions(user)
        await self._codes.spend(key, body.code)
        user = await self._accounts.reset_password(user, password_hash)
        return await self._accounts.enter(user, user_agent)

    async def _check(self, key: str, code: str) -> str:
        await self._limits.take(SIGN_IN_ACCOUNT, key)
        return await self._codes.check(key, code)

"""Accounts over REST: register, sign in and out, oneself, one's devices, one-time codes."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from handlers.cookies import FILES_COOKIE, REFRESH_COOKIE
from handlers.endpoint import endpoint
from handlers.routes import Route
from handlers.sign_in import REFRESH, SESSION, AccountHandler, SignInHandler
from realchat.errors import ChatError, Code, invalid
from realchat.ids import require_id
from realchat.limits import OTP, REGISTER, SIGN_IN
from realchat.models import Device
from realchat.people import account_of
from realchat.replies import AccountReply, CodeSent, SignedIn
from realchat.requests import (
    Login,
    Logout,
    Refresh,
    Register,
    RequestOtp,
    ResetPassword,
    UpdateAccount,
    VerifyOtp,
)

# A range of RFC 9110, section 12.5.4, that is a tag by itself.
_ACCEPTED = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3})\s*(?:;\s*q=([\d.]+))?\s*")


class RegisterHandler(SignInHandler):
    """`/auth/register`."""

    @endpoint(
        status=201,
        public=True,
        rate=REGISTER,
        raises=(Code.EMAIL_TAKEN, Code.FOREIGN_ORIGIN),
        heeds=(SESSION,),
    )
    async def post(self, body: Register) -> SignedIn:
        """Make an account and sign in to it."""
        return self.signed_in(await self.services.accounts.register(body, self.user_agent))


class LoginHandler(SignInHandler):
    """`/auth/login`."""

    @endpoint(
        public=True,
        rate=SIGN_IN,
        raises=(Code.INVALID_CREDENTIALS, Code.FOREIGN_ORIGIN),
        heeds=(SESSION,),
    )
    async def post(self, body: Login) -> SignedIn:
        """Sign in by password."""
        return self.signed_in(await self.services.accounts.login(body, self.user_agent))


class RefreshHandler(SignInHandler):
    """`/auth/refresh`."""

    @endpoint(
        public=True,
        rate=SIGN_IN,
        raises=(
            Code.NOT_AUTHENTICATED,
            Code.TOKEN_EXPIRED,
            Code.TOKEN_REUSED,
            Code.FOREIGN_ORIGIN,
        ),
        heeds=(SESSION, REFRESH),
    )
    async def post(self, body: Refresh) -> SignedIn:
        """Spend a refresh token for new tokens; used twice, it ends its session.

        The token is in the body; with `X-Session: cookie` it is in the cookie, the
        body is empty or `{}`, and the token that was spent last is taken again for
        30 seconds. The cookie is taken back where the answer is 401.
        """
        accounts = self.services.accounts
        if not self.in_cookie:
            return self.signed_in(await accounts.refresh(_token_of(body), "refresh"))
        if body.refresh_token is not UNSET:
            raise invalid("refresh_token", "is in the cookie, with X-Session")
        token = REFRESH_COOKIE.read(self)
        if token is None:
            raise ChatError(Code.NOT_AUTHENTICATED)
        return self.signed_in(await accounts.refresh(token, "cookie"))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with an error; where the session is over, take its cookie back."""
        error = kwargs.get("exc_info", (None, None))[1]
        is_over = isinstance(error, ChatError) and error.code.status == 401
        if is_over and self.in_cookie and REFRESH_COOKIE.read(self):
            REFRESH_COOKIE.forget(self)
        super().write_error(status_code, **kwargs)


class LogoutHandler(AccountHandler):
    """`/auth/logout`."""

    @endpoint(status=204)
    async def post(self, body: Logout) -> None:
        """End this session, or all of one's own."""
        await self.services.accounts.logout(self.principal, everywhere=body.everywhere)
        FILES_COOKIE.forget(self)
        if REFRESH_COOKIE.read(self):
            REFRESH_COOKIE.forget(self)


class MeHandler(AccountHandler):
    """`/auth/me`."""

    @endpoint()
    async def get(self) -> AccountReply:
        """Return oneself."""
        return AccountReply(user=account_of(await self.services.accounts.get(self.user_id)))

    @endpoint()
    async def patch(self, body: UpdateAccount) -> AccountReply:
        """Change one's own account; a new password needs the current one."""
        user = await self.services.accounts.update(self.principal, body)
        return AccountReply(user=account_of(user))


class DevicesHandler(AccountHandler):
    """`/auth/sessions`."""

    @endpoint()
    async def get(self) -> list[Device]:
        """List one's own devices, the latest seen first."""
        return await self.services.accounts.devices(self.principal)


class DeviceHandler(AccountHandler):
    """`/auth/sessions/{session_id}`."""

    @endpoint(status=204, raises=(Code.NOT_FOUND,))
    async def delete(self, session_id: str) -> None:
        """Sign one of one's own devices out."""
        await self.services.accounts.end_device(self.principal, require_id(session_id))


class RequestOtpHandler(AccountHandler):
    """`/auth/request-otp`."""

    @endpoint(status=202, public=True, rate=OTP)
    async def post(self, body: RequestOtp) -> CodeSent:
        """Mail a one-time code, whether or not the address is known here."""
        language = preferred_language(self.request.headers.get("Accept-Language", ""))
        return await self.services.one_time_sign_in.request(body.email, language)


class VerifyOtpHandler(SignInHandler):
    """`/auth/verify-otp`."""

    @endpoint(
        public=True,
        rate=SIGN_IN,
        raises=(Code.INVALID_OTP, Code.OTP_LOCKED, Code.FOREIGN_ORIGIN),
        heeds=(SESSION,),
    )
    async def post(self, body: VerifyOtp) -> SignedIn:
        """Sign in by a one-time code, to a new account if there is none."""
        language = preferred_language(self.request.headers.get("Accept-Language", ""))
        entry = await self.services.one_time_sign_in.verify(body, language, self.user_agent)
        return self.signed_in(entry)


class ResetPasswordHandler(SignInHandler):
    """`/auth/reset-password`."""

    @endpoint(
        public=True,
        rate=SIGN_IN,
        raises=(Code.INVALID_OTP, Code.OTP_LOCKED, Code.NOT_FOUND, Code.FOREIGN_ORIGIN),
        heeds=(SESSION,),
    )
    async def post(self, body: ResetPassword) -> SignedIn:
        """Set a password by a one-time code; every other session ends."""
        return self.signed_in(
            await self.services.one_time_sign_in.reset_password(body, self.user_agent)
        )


def _token_of(body: Refresh) -> str:
    if body.refresh_token is UNSET:
        raise invalid("refresh_token", "is required")
    return body.refresh_token


def preferred_language(header: str) -> str:
    """Return the language tag that an `Accept-Language` header wants most, or `en`."""
    accepted = [match for part in header[:500].split(",") if (match := _ACCEPTED.fullmatch(part))]
    best = max(accepted, key=lambda match: _weight(match[2]), default=None)
    return best[1] if best else "en"


def _weight(text: str | None) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


ROUTES = [
    Route("/auth/register", RegisterHandler),
    Route("/auth/login", LoginHandler),
    Route("/auth/refresh", RefreshHandler),
    Route("/auth/logout", LogoutHandler),
    Route("/auth/me", MeHandler),
    Route("/auth/sessions", DevicesHandler),
    Route("/auth/sessions/{session_id}", DeviceHandler),
    Route("/auth/request-otp", RequestOtpHandler),
    Route("/auth/verify-otp", VerifyOtpHandler),
    Route("/auth/reset-password", ResetPasswordHandler),
]

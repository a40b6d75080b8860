"""Accounts over REST: register, sign in and out, oneself, one's devices, one-time codes."""

from __future__ import annotations

import re

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from realchat.accounts import Entry, account_of
from realchat.errors import Code
from realchat.ids import require_id
from realchat.limits import OTP, REGISTER, SIGN_IN
from realchat.models import Device
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

# The token for downloads, which an `<img>` cannot send in a header.
FILES_COOKIE = "realchat_files"
_FILES_PATH = "/uploads"
_MAX_USER_AGENT = 200
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# A range of RFC 9110, section 12.5.4, that is a tag by itself.
_ACCEPTED = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3})\s*(?:;\s*q=([\d.]+))?\s*")


class AccountHandler(ApiHandler):
    """What the handlers of this module share."""

    body_limit = 16 * 1024

    @property
    def user_agent(self) -> str:
        """What the client calls itself, cut and without control characters."""
        given = self.request.headers.get("User-Agent", "")
        return _CONTROLS.sub("", given)[:_MAX_USER_AGENT]

    def signed_in(self, entry: Entry) -> SignedIn:
        """Return the reply to a sign-in, and set the cookie for downloads."""
        grant = entry.grant
        self.set_cookie(
            FILES_COOKIE,
            grant.files_token,
            path=_FILES_PATH,
            max_age=grant.files_expires_in,
            httponly=True,
            samesite="Strict",
            secure=self._is_secure,
        )
        return SignedIn(
            user=account_of(entry.user),
            user_id=entry.user.id,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_in=grant.expires_in,
        )

    def forget_cookie(self) -> None:
        """Take the cookie for downloads back."""
        self.clear_cookie(
            FILES_COOKIE,
            path=_FILES_PATH,
            httponly=True,
            samesite="Strict",
            secure=self._is_secure,
        )

    @property
    def _is_secure(self) -> bool:
        return self.services.settings.public_url.startswith("https://")


class RegisterHandler(AccountHandler):
    """`/auth/register`."""

    @endpoint(status=201, public=True, rate=REGISTER, raises=(Code.EMAIL_TAKEN,))
    async def post(self, body: Register) -> SignedIn:
        """Make an account and sign in to it."""
        return self.signed_in(await self.services.accounts.register(body, self.user_agent))


class LoginHandler(AccountHandler):
    """`/auth/login`."""

    @endpoint(public=True, rate=SIGN_IN, raises=(Code.INVALID_CREDENTIALS,))
    async def post(self, body: Login) -> SignedIn:
        """Sign in by password."""
        return self.signed_in(await self.services.accounts.login(body, self.user_agent))


class RefreshHandler(AccountHandler):
    """`/auth/refresh`."""

    @endpoint(
        public=True,
        rate=SIGN_IN,
        raises=(Code.NOT_AUTHENTICATED, Code.TOKEN_EXPIRED, Code.TOKEN_REUSED),
    )
    async def post(self, body: Refresh) -> SignedIn:
        """Spend a refresh token for new tokens; used twice, it ends its session."""
        return self.signed_in(await self.services.accounts.refresh(body.refresh_token))


class LogoutHandler(AccountHandler):
    """`/auth/logout`."""

    @endpoint(status=204)
    async def post(self, body: Logout) -> None:
        """End this session, or all of one's own."""
        await self.services.accounts.logout(self.principal, everywhere=body.everywhere)
        self.forget_cookie()


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


class VerifyOtpHandler(AccountHandler):
    """`/auth/verify-otp`."""

    @endpoint(public=True, rate=SIGN_IN, raises=(Code.INVALID_OTP, Code.OTP_LOCKED))
    async def post(self, body: VerifyOtp) -> SignedIn:
        """Sign in by a one-time code, to a new account if there is none."""
        language = preferred_language(self.request.headers.get("Accept-Language", ""))
        entry = await self.services.one_time_sign_in.verify(body, language, self.user_agent)
        return self.signed_in(entry)


class ResetPasswordHandler(AccountHandler):
    """`/auth/reset-password`."""

    @endpoint(public=True, rate=SIGN_IN, raises=(Code.INVALID_OTP, Code.OTP_LOCKED, Code.NOT_FOUND))
    async def post(self, body: ResetPassword) -> SignedIn:
        """Set a password by a one-time code; every other session ends."""
        return self.signed_in(
            await self.services.one_time_sign_in.reset_password(body, self.user_agent)
        )


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

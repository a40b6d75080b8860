"""What the handlers of sign-ins share: who asks, and where the session's tokens go."""

from __future__ import annotations

import re

from msgspec import UNSET

from handlers.base import ApiHandler
from handlers.cookies import FILES_COOKIE, REFRESH_COOKIE
from handlers.endpoint import Heeded
from handlers.request import is_own_page
from realchat.accounts import Entry
from realchat.errors import ChatError, Code
from realchat.people import account_of
from realchat.replies import SignedIn

# How a page asks for its refresh token to be in the cookie.
SESSION = Heeded(
    "header",
    "X-Session",
    "`cookie`: the refresh token comes and goes in the cookie `realchat_refresh`, which no "
    "script reads, and not in the body. For the server's own pages only.",
    choices=("cookie",),
)
REFRESH = Heeded(
    "cookie", REFRESH_COOKIE.name, "The refresh token, heeded with `X-Session: cookie` only."
)
_MAX_USER_AGENT = 200
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class AccountHandler(ApiHandler):
    """A handler of accounts, whose bodies are small."""

    body_limit = 16 * 1024


class SignInHandler(AccountHandler):
    """A handler that hands out the tokens of a session: in the body, or its refresh token apart."""

    @property
    def in_cookie(self) -> bool:
        """Whether the refresh token is to be where no script can read it."""
        return self.request.headers.get(SESSION.name, "").strip().lower() == "cookie"

    @property
    def user_agent(self) -> str:
        """What the client calls itself, cut and without control characters."""
        given = self.request.headers.get("User-Agent", "")
        return _CONTROLS.sub("", given)[:_MAX_USER_AGENT]

    async def admit(self) -> None:
        """Let in what any handler does, and to the cookie our own pages only."""
        if self.in_cookie and not is_own_page(self.request, self.services.settings):
            raise ChatError(Code.FOREIGN_ORIGIN, "Only the server's own pages have the cookie.")
        await super().admit()

    def signed_in(self, entry: Entry) -> SignedIn:
        """Return the reply to a sign-in, and set the session's cookies."""
        grant = entry.grant
        FILES_COOKIE.keep(self, grant.files_token, grant.files_expires_in)
        if self.in_cookie:
            REFRESH_COOKIE.keep(self, grant.cookie_token, grant.refresh_expires_in)
        return SignedIn(
            user=account_of(entry.user),
            user_id=entry.user.id,
            access_token=grant.access_token,
            refresh_token=UNSET if self.in_cookie else grant.refresh_token,
            expires_in=grant.expires_in,
        )

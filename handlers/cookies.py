"""The cookies that hold a session's tokens: where they go, and that no script reads them."""

from __future__ import annotations

from typing import NamedTuple

from handlers.answers import AnsweringHandler


class TokenCookie(NamedTuple):
    """A cookie that browsers send to one part of the server only."""

    name: str
    path: str

    def keep(self, handler: AnsweringHandler, token: str, life: int) -> None:
        """Give the browser a token, for `life` seconds."""
        handler.set_cookie(
            self.name,
            token,
            path=self.path,
            max_age=life,
            httponly=True,
            samesite="Strict",
            secure=_is_secure(handler),
        )

    def forget(self, handler: AnsweringHandler) -> None:
        """Take the token back."""
        handler.clear_cookie(
            self.name,
            path=self.path,
            httponly=True,
            samesite="Strict",
            secure=_is_secure(handler),
        )

    def read(self, handler: AnsweringHandler) -> str | None:
        """Return the token that the browser sent, if it did."""
        return handler.get_cookie(self.name) or None


# The token for downloads, which an `<img>` cannot send in a header.
FILES_COOKIE = TokenCookie("realchat_files", "/uploads")
# The refresh token of a page, which is to outlast a reload (docs/decisions/0013).
REFRESH_COOKIE = TokenCookie("realchat_refresh", "/auth")


def _is_secure(handler: AnsweringHandler) -> bool:
    return handler.services.settings.public_url.startswith("https://")

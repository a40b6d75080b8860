"""Which picture of somebody everybody may see: the one that their account names."""

from __future__ import annotations

from typing import Protocol

from realchat.models import User


class Avatars(Protocol):
    """Where pictures of people come from."""

    async def claim_avatar(self, owner_id: str, url: str | None) -> None:
        """Show an own image to everybody, beside the last. Raises `validation_error`."""

    async def keep_avatar(self, owner_id: str, url: str | None) -> None:
        """Show that own image to everybody, or none, and no other any longer."""


class Users(Protocol):
    """Where users are kept."""

    async def find(self, user_id: str) -> User | None:
        """Return one user."""


async def settle_avatar(avatars: Avatars, users: Users, user: User) -> None:
    """Show the avatar that an account names, and no other."""
    named = user.avatar_url
    while True:
        await avatars.keep_avatar(user.id, named)
        # Somebody may have named another meanwhile, whose mark was taken with the others.
        latest = await users.find(user.id)
        if latest is None or latest.avatar_url == named:
            return
        named = latest.avatar_url

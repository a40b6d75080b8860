"""What is kept of those who have signed in, or are about to. None of it leaves the server."""

from __future__ import annotations

from datetime import datetime

from realchat.models import Record


class Session(Record, frozen=True, kw_only=True):
    """One sign-in of a user on one device, as it is kept.

    `refresh_id` is the refresh token that is good now; `previous_id` was spent
    for it, `rotated_at`. A session whose first token was not spent yet has neither.
    """

    id: str
    user_id: str
    refresh_id: str
    user_agent: str
    created_at: datetime
    last_seen: datetime
    expires_at: datetime
    previous_id: str | None = None
    rotated_at: datetime | None = None


class OneTimeCode(Record, frozen=True, kw_only=True):
    """A code as it is kept: `email` is where it went, `key` what that is told apart by."""

    key: str
    email: str
    digest: bytes
    tries: int
    expires_at: datetime

"""Every error a client can meet, as data: code, HTTP status and what to do next.

Nothing here knows HTTP or WebSocket; each transport maps `ChatError` once.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Code(enum.Enum):
    """The error codes of the contract, each with its HTTP status and default message."""

    def __init__(self, code: str, status: int, message: str) -> None:
        self.code = code
        self.status = status
        self.message = message

    INVALID_JSON = "invalid_json", 400, "The body is not valid JSON."
    INVALID_TEXT = "invalid_text", 400, "The text is not valid Unicode."
    VALIDATION = "validation_error", 400, "Some fields are not as they should be."
    UNKNOWN_FIELD = "unknown_field", 400, "The body has a field that is not known here."
    UNKNOWN_TYPE = "unknown_type", 400, "There is no frame of this type."
    INVALID_UPLOAD = "invalid_upload", 400, "The upload is not a well-formed multipart form."
    INVALID_OTP = "invalid_otp", 400, "The code is wrong or no longer good. Ask for a new one."
    NOT_AUTHENTICATED = "not_authenticated", 401, "Sign in first: send a valid access token."
    TOKEN_EXPIRED = "token_expired", 401, "The token has expired. Refresh it or sign in again."
    TOKEN_REUSED = (
        "token_reused",
        401,
        "This refresh token was used before, so its session has ended. Sign in again.",
    )
    INVALID_CREDENTIALS = "invalid_credentials", 401, "The e-mail address or password is wrong."
    FORBIDDEN = "forbidden", 403, "You are not allowed to do this."
    BLOCKED = "blocked", 403, "One of you has blocked the other."
    FOREIGN_ORIGIN = "foreign_origin", 403, "Pages of this origin may not connect. Set CLIENT_URL."
    NOT_FOUND = "not_found", 404, "There is nothing here that you may see."
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "This address does not take that method."
    EMAIL_TAKEN = "email_taken", 409, "There is an account with this address. Sign in instead."
    IDEMPOTENCY_CONFLICT = (
        "idempotency_conflict",
        409,
        "This client_id was used for another message. Use a new one.",
    )
    CONFLICT = "conflict", 409, "Somebody changed this at the same moment. Try again."
    MESSAGE_DELETED = "message_deleted", 409, "This message was deleted."
    FILE_TOO_LARGE = "file_too_large", 413, "The file is larger than this server takes."
    QUOTA_EXCEEDED = (
        "quota_exceeded",
        413,
        "Your space for files is used up. Files of deleted messages are freed after a day.",
    )
    BODY_TOO_LARGE = "body_too_large", 413, "The body is too long."
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, "The body has the wrong Content-Type."
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable", 416, "The file has no such range."
    UPGRADE_REQUIRED = "upgrade_required", 426, "This address speaks WebSocket only."
    HEADERS_TOO_LARGE = "headers_too_large", 431, "The request's headers are too long."
    RATE_LIMITED = "rate_limited", 429, "Too many requests. Wait a little, then try again."
    OTP_LOCKED = "otp_locked", 429, "Too many wrong codes. Ask for a new one later."
    BAD_REQUEST = "bad_request", 400, "The request is not well-formed HTTP."
    INTERNAL = "internal_error", 500, "Something went wrong here. It has been logged."
    UNAVAILABLE = "unavailable", 503, "The database is out of reach. Try again in a moment."
    STORAGE_FULL = "storage_full", 507, "The server's disk is full. Nothing was stored."


class ChatError(Exception):
    """Something a client did or met that it has to be told of.

    `fields` names what is wrong with which field (only for `validation_error`);
    `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: Code,
        message: str | None = None,
        *,
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message or code.message)
        self.code = code
        self.message = message or code.message
        self.fields = fields
        self.retry_after = retry_after


def invalid(field: str, why: str) -> ChatError:
    """Build the `validation_error` of one field."""
    return ChatError(Code.VALIDATION, fields={field: why})


class TranslationFailedError(Exception):
    """An engine's refusal; `reason` is what a translation's `unavailable` gives as its reason.

    `passing` says that the same may succeed a moment later; `retry_after`, in
    seconds, that the engine named that moment.
    """

    def __init__(
        self, reason: str, *, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
        self.retry_after = retry_after


class ShardedError(Exception):
    """A collection is spread over shards in a way that an index of ours is not legal under."""


class Close(enum.IntEnum):
    """WebSocket close codes of the contract."""

    RESTART = 1012
    FAULT = 1011
    MISUSE = 4400
    NOT_AUTHENTICATED = 4401
    TOO_SLOW = 4408
    FLOODING = 4429

"""Signatures: what a token says, and whether it was said here."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Literal

import jwt
import msgspec

from realchat.errors import ChatError, Code
from realchat.models import Principal, Record

Kind = Literal["access", "refresh", "cookie", "files"]

ISSUER = "realchat"
AUDIENCE = "realchat-clients"
_ALGORITHM = "HS256"
_CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "type"]
# Seconds by which the clocks of two servers may differ.
_SKEW = 5


class Claims(Record, frozen=True, kw_only=True):
    """What a token says, with the names of RFC 7519; `sid` is the session."""

    iss: str
    aud: str
    sub: str
    sid: str
    jti: str
    iat: int
    exp: int
    type: Kind


class Signer:
    """Signs tokens and checks their signatures and claims, with a secret for each kind.

    The secrets have at least 32 bytes (RFC 7518, section 3.2).
    """

    def __init__(self, access_secret: str, refresh_secret: str) -> None:
        self._secrets: dict[Kind, str] = {
            "access": access_secret,
            "refresh": refresh_secret,
            "cookie": refresh_secret,
            "files": access_secret,
        }
        self._jwt = jwt.PyJWT({"require": _CLAIMS, "enforce_minimum_key_length": True})

    def sign(self, kind: Kind, principal: Principal, life: int, token_id: str) -> str:
        """Return a token that is good for `life` seconds."""
        issued = int(time.time())
        claims = Claims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=principal.user_id,
            sid=principal.session_id,
            jti=token_id,
            iat=issued,
            exp=issued + life,
            type=kind,
        )
        return self._jwt.encode(msgspec.to_builtins(claims), self._secrets[kind], _ALGORITHM)

    def read(self, token: str, kind: Kind) -> Claims:
        """Return a token's claims. Raises `token_expired` or `not_authenticated`."""
        try:
            _require_canonical(token)
            payload = self._jwt.decode(
                token,
                self._secrets[kind],
                [_ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=_SKEW,
            )
            claims = msgspec.convert(payload, Claims)
        except jwt.ExpiredSignatureError:
            raise ChatError(Code.TOKEN_EXPIRED) from None
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, RecursionError):
            raise ChatError(Code.NOT_AUTHENTICATED) from None
        if claims.type != kind:
            raise ChatError(Code.NOT_AUTHENTICATED)
        return claims


def _require_canonical(token: str) -> None:
    """Refuse other spellings of a token, which a decoder would let pass (RFC 4648, section 3.5)."""
    for part in token.split("."):
        padded = part + "=" * (-len(part) % 4)
        octets = base64.b64decode(padded, altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(octets).rstrip(b"=").decode() != part:
            raise binascii.Error("not canonical")

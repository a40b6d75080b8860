"""The kinds of field that bodies and frames are made of, with their bounds.

Each description completes the sentence "… must be <description>", which is what
a client is told, and stands in the served documents.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

# C0 and C1 controls, the bidirectional marks and overrides of UAX #9, and
# U+FEFF: what makes a name look like another one or break a line.
DECEPTIVE = "\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff"

# The end of the text: in Python `$` alone also matches before a last line break,
# and `\Z` means nothing to the readers of the served documents.
_END = "$(?!\\n)"

MAX_CONTENT = 10_000
MAX_FILES = 10
MAX_MEMBERS = 1_000
MAX_IDS = 200
MAX_SEQ = 2**53 - 1  # the largest whole number that JavaScript holds exactly

Id = Annotated[
    str,
    Meta(
        min_length=24, max_length=24, pattern="^[0-9a-f]{24}$", description="an id: 24 hex digits"
    ),
]
ConversationId = Annotated[
    str,
    Meta(
        max_length=80,
        pattern=f"^(dm:[0-9a-f]{{24}}:[0-9a-f]{{24}}|group:[0-9a-f]{{24}}){_END}",
        description="`dm:<lower user id>:<higher user id>` or `group:<group id>`",
    ),
]
Ids = Annotated[
    str,
    Meta(
        max_length=MAX_IDS * 25 - 1,
        pattern=f"^[0-9a-f]{{24}}(,[0-9a-f]{{24}})*{_END}",
        description=f"1 to {MAX_IDS} ids, with commas between them",
    ),
]
Timestamp = Annotated[str, Meta(description="RFC 3339, UTC, milliseconds")]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=80,
        pattern=f"^(?![\\s\\S]*[{DECEPTIVE}])[\\s\\S]*\\S",
        description="a name of 1 to 80 characters, without control or bidirectional ones",
    ),
]
Email = Annotated[str, Meta(min_length=3, max_length=254, description="an e-mail address")]
Password = Annotated[
    str, Meta(min_length=8, max_length=128, description="a password of 8 to 128 characters")
]
GivenPassword = Annotated[
    str, Meta(max_length=1024, description="the password, at most 1024 characters")
]
OneTimeCode = Annotated[
    str, Meta(min_length=6, max_length=6, pattern="^[0-9]{6}$", description="a code of 6 digits")
]
Token = Annotated[str, Meta(min_length=1, max_length=2048, description="a token")]
Language = Annotated[
    str,
    Meta(
        max_length=35,
        pattern=f"^[A-Za-z]{{2,3}}(-[A-Za-z0-9]{{2,8}})*{_END}",
        description="a language code as in BCP 47, such as `en` or `pt-BR`",
    ),
]
Content = Annotated[
    str,
    Meta(
        max_length=MAX_CONTENT,
        pattern="^[^\\x00]*$",
        description=f"a text of at most {MAX_CONTENT} characters, without NUL",
    ),
]
ClientId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern="^[^\\x00]*$",
        description="a text of 1 to 64 characters, without NUL",
    ),
]
Ref = Annotated[
    str,
    Meta(
        max_length=64,
        pattern="^[^\\x00]*$",
        description="a text of at most 64 characters, without NUL",
    ),
]
# A name of 200 characters, each of 4 bytes and percent-encoded, fits.
FileUrl = Annotated[
    str, Meta(max_length=2560, description="the `url` that an upload was answered with")
]
FileUrls = Annotated[list[FileUrl], Meta(max_length=MAX_FILES, description="at most 10 file URLs")]
Emoji = Annotated[str, Meta(min_length=1, max_length=32, description="one emoji")]
TermText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=f"^(?![\\s\\S]*[{DECEPTIVE}])[\\s\\S]*\\S",
        description="1 to 100 characters in one line, without control or bidirectional ones",
    ),
]
Seq = Annotated[int, Meta(ge=1, le=MAX_SEQ, description=f"a whole number from 1 to {MAX_SEQ}")]
Rev = Annotated[int, Meta(ge=0, le=MAX_SEQ, description=f"a whole number from 0 to {MAX_SEQ}")]
Epoch = Annotated[str, Meta(min_length=1, max_length=64, description="the `epoch` of a `hello`")]
Limit = Annotated[int, Meta(ge=1, le=200, description="a whole number from 1 to 200")]
SearchText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern="^[^\\x00]*$",
        description="1 to 100 characters, without NUL",
    ),
]

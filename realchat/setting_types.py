"""What a setting may be, and how that is said to whoever set it to something else."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Port = Annotated[int, Meta(ge=1, le=65535, description="a whole number from 1 to 65535")]
# As `count_workers` in options.py reads it.
Workers = Annotated[
    str,
    Meta(
        pattern=r"^(auto|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-6])\Z",
        description="a number from 1 to 256, or auto for one a core",
    ),
]
Seconds = Annotated[
    int, Meta(ge=1, le=366 * 86400, description="a whole number of seconds, a year at most")
]
Silence = Annotated[int, Meta(ge=2, le=600, description="a whole number from 2 to 600")]
Grace = Annotated[float, Meta(ge=0, le=300, description="a number of seconds from 0 to 300")]
Changes = Annotated[int, Meta(ge=1, le=100_000, description="a whole number from 1 to 100000")]
PerSecond = Annotated[int, Meta(ge=1, le=100_000, description="a whole number from 1 to 100000")]
Connections = Annotated[int, Meta(ge=1, le=10_000, description="a whole number from 1 to 10000")]
Size = Annotated[int, Meta(ge=1, description="a whole number of bytes, such as 536870912")]
# bcrypt's cost: the OWASP password storage cheat sheet asks for at least 10.
Rounds = Annotated[int, Meta(ge=10, le=16, description="a whole number from 10 to 16")]
# https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
DatabaseName = Annotated[
    str,
    Meta(pattern=r"^[\w-]{1,63}\Z", description="1 to 63 letters, digits, `_` or `-`"),
]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BucketName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z",
        description="3 to 63 small letters, digits, `.` or `-`",
    ),
]
# The characters that no store and no tool takes for something else
# (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
Prefix = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?\Z",
        max_length=200,
        description="the beginning of names, such as realchat/files",
    ),
]
Region = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9-]{1,63}\Z", description="a region, such as eu-central-1")
]

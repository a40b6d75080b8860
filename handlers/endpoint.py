"""How a handler's method is declared: its types check the input and make the documents.

    @endpoint(status=201, raises=(Code.EMAIL_TAKEN,))
    async def post(self, body: Register) -> SignedIn:

`body` and `query` are decoded into their annotated types before the method
runs, and what it returns is the reply. A method is private unless it says
`public=True`.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple, get_type_hints

import msgspec

from realchat.errors import Code
from realchat.limits import CALL, Rate

JSON = "application/json"


class Heeded(NamedTuple):
    """A header or cookie that an operation heeds, besides those that all do.

    `choices` are its values, where they are few; `text` says what it does.
    """

    place: Literal["header", "cookie"]
    name: str
    text: str
    choices: tuple[str, ...] = ()


class Operation(NamedTuple):
    """What a method takes and gives, as declared."""

    status: int
    public: bool
    body: Any
    query: Any
    reply: Any
    raises: tuple[Code, ...]
    also: dict[int, str]
    heeds: tuple[Heeded, ...]
    rate: Rate | None
    media_type: str
    reply_type: str
    summary: str


def endpoint(
    *,
    status: int = 200,
    public: bool = False,
    raises: tuple[Code, ...] = (),
    also: dict[int, str] | None = None,
    heeds: tuple[Heeded, ...] = (),
    rate: Rate | None = None,
    media_type: str = JSON,
    reply_type: str = JSON,
) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[None]]]:
    """Declare a method of an `ApiHandler` as an operation of the REST interface.

    `status` is that of success, `also` describes further ones by status; `raises` are the
    errors, `heeds` the headers and cookies besides those of any operation; `rate` bounds
    calls per address (public) or per user, `CALL` if it is left out of a private one. A
    method whose `reply_type` is not JSON writes and finishes its reply itself.
    """

    def declare(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
        hints = get_type_hints(method, include_extras=True)
        operation = Operation(
            status=status,
            public=public,
            body=hints.get("body"),
            query=hints.get("query"),
            reply=hints.get("return"),
            raises=raises,
            also=also or {},
            heeds=heeds,
            rate=rate or (None if public else CALL),
            media_type=media_type,
            reply_type=reply_type,
            summary=(method.__doc__ or "").strip().splitlines()[0],
        )
        decoder = msgspec.json.Decoder(operation.body) if operation.body else None

        @functools.wraps(method)
        async def call(handler: Any, **arguments: Any) -> None:
            handler.stop_if_refused()
            arguments.update(_decode_input(handler, operation, decoder))
            handler.set_status(operation.status)
            value = await method(handler, **arguments)
            if operation.reply_type == JSON:
                handler.reply(value)

        call.operation = operation  # type: ignore[attr-defined]  # read by ApiHandler and documents
        return call

    return declare


def _decode_input(
    handler: Any, operation: Operation, decoder: msgspec.json.Decoder[Any] | None
) -> dict[str, Any]:
    decoded: dict[str, Any] = {}
    if decoder is not None:
        decoded["body"] = handler.decode_body(decoder)
    if operation.query is not None:
        decoded["query"] = handler.decode_query(operation.query)
    return decoded

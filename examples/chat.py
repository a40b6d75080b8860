"""RealChat on the command line: a client to read and to build upon. Needs Tornado only.

    python examples/chat.py --email ana@example.org --name Ana --to bo@example.org

It makes the account, or signs in where there is one, prints what arrives and sends
what is typed. It shows what a client that loses nothing has to do: every message has
a `client_id` and is sent again under the same one until it is acked; after a lost
connection it first connects, then reads what changed, then goes on with the events.
The password is read from REALCHAT_PASSWORD, or asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import random
import sys
import threading
import uuid
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

Json = dict[str, Any]

HELP = "/to NAME or E-MAIL   /group NAME   /quit   everything else is sent"
SECONDS_BETWEEN_PINGS = 20
LONGEST_PAUSE = 30
# A repeated message is no second one, so after these errors it is simply sent again.
WORTH_ANOTHER_TRY = {"unavailable", "rate_limited", "internal_error"}


class RefusedError(Exception):
    """The server's answer was an error; `code` tells programs which one."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Api:
    """The REST interface for one person."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.me = self.token = self.refresh_token = ""

    async def sign_in(self, email: str, name: str, password: str) -> None:
        """Sign in; with a name, make the account if there is none. Raises `RefusedError`."""
        body = {"email": email, "password": password}
        if name:
            try:
                self._keep(await self._fetch("POST", "/auth/register", {**body, "name": name}))
            except RefusedError as error:
                if error.code != "email_taken":
                    raise
            else:
                return
        self._keep(await self._fetch("POST", "/auth/login", body))

    async def call(self, method: str, path: str, body: Json | None = None) -> Any:
        """Make a call as whoever signed in, with a new token where the old one is too old."""
        try:
            return await self._fetch(method, path, body)
        except RefusedError as error:
            if error.code != "token_expired":
                raise
        refresh = {"refresh_token": self.refresh_token}
        self._keep(await self._fetch("POST", "/auth/refresh", refresh))
        return await self._fetch(method, path, body)

    async def get(self, path: str, **query: object) -> Any:
        """Read something."""
        return await self.call("GET", f"{path}?{urlencode(query)}" if query else path)

    async def connect(self) -> WebSocketClientConnection:
        """Open the WebSocket."""
        await self.get("/auth/me")  # so that the token is a good one
        request = HTTPRequest(
            f"ws{self.url.removeprefix('http')}/ws",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return await websocket_connect(request, ping_interval=SECONDS_BETWEEN_PINGS)

    def _keep(self, reply: Json) -> None:
        self.me = reply["user_id"]
        self.token, self.refresh_token = reply["access_token"], reply["refresh_token"]

    async def _fetch(self, method: str, path: str, body: Json | None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.token and not path.startswith(("/auth/register", "/auth/login", "/auth/refresh")):
            headers["Authorization"] = f"Bearer {self.token}"
        text = json.dumps(body) if body is not None else None
        reply = await AsyncHTTPClient().fetch(
            HTTPRequest(self.url + path, method, headers, text), raise_error=False
        )
        value: Any = json.loads(reply.body) if reply.body else None
        if reply.code >= 400:
            raise RefusedError(reply.code, value["error"]["code"], value["error"]["message"])
        return value


class Chat:
    """One person's conversations, printed as they go on."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.socket: WebSocketClientConnection | None = None
        self.target: Json = {}
        self.unacked: dict[str, Json] = {}
        self.cursors: dict[str, int] = {}
        self.connected_before = False
        self.names: dict[str, str] = {}
        self.ended = asyncio.Event()
        self.finishing = False
        self.retries: list[asyncio.Task[None]] = []

    async def stay_connected(self) -> None:
        """Connect, and connect again whenever the connection is lost."""
        failures = 0
        while not self.ended.is_set():
            try:
                self.socket = await self.api.connect()
                hello = json.loads(await self.socket.read_message() or "null")
                if hello and hello["type"] == "hello":
                    failures = 0
                    await self.converse(self.socket)
            except RefusedError as error:
                if error.status == 401:
                    print(f"! the session has ended: {error}")
                    self.ended.set()
                    return
            except (OSError, HTTPClientError, WebSocketError):
                pass
            self.socket = None
            # Not all clients at the same moment, and ever more slowly.
            pause = min(LONGEST_PAUSE, 0.5 * 2**failures) * random.uniform(0.5, 1)
            print(f"* connection lost, next try in {pause:.1f} s")
            failures += 1
            await asyncio.sleep(pause)

    async def converse(self, socket: WebSocketClientConnection) -> None:
        """Print what was missed, send what is not acked, then print what comes."""
        # From the `hello` on, events wait in the connection; so nothing can fall
        # between what is read here and what is read from it afterwards.
        await self.catch_up()
        print(f"* connected as {await self.name_of(self.api.me)}")
        for frame in list(self.unacked.values()):
            await self.write(frame)
        while text := await socket.read_message():
            await self.take(json.loads(text))

    async def catch_up(self) -> None:
        """Read what changed since the last change that was seen; at first what is unread."""
        conversations = await self.api.get("/conversations")
        for one in conversations:
            if self.connected_before:
                await self.read_changes(one)
            else:
                self.cursors[one["id"]] = one["last_rev"]
                await self.read_unread(one)
        self.connected_before = True

    async def read_changes(self, conversation: Json) -> None:
        """Show what changed in a conversation while there was no connection."""
        since = self.cursors.get(conversation["id"], 0)
        while page := await self.history(conversation, changed_since=since):
            for message in page:
                await self.see(message)
            since = page[-1]["rev"]

    async def read_unread(self, conversation: Json) -> None:
        """Show the messages of a conversation that nobody has read on any device of one's own."""
        unread = await self.history(conversation, after=conversation["read_seq"])
        for message in reversed(unread):
            if message["rev"] <= conversation["last_rev"]:  # later ones come as events
                await self.show(message)

    async def history(self, conversation: Json, **part: int) -> list[Json]:
        """Return a part of a conversation."""
        if conversation["kind"] == "group":
            group_id = conversation["group"]["id"]
            found = await self.api.get("/messages/group", group_id=group_id, **part)
        else:
            user_id = conversation["peer"]["id"]
            found = await self.api.get("/messages/dm", user_id=user_id, **part)
        return list(found)

    async def take(self, event: Json) -> None:
        """Act on one event."""
        match event["type"]:
            case "message" | "message_updated":
                seen = self.cursors.get(event["conversation"])
                if seen is not None and event["rev"] > seen + 1:
                    await self.catch_up()  # something in between was not told
                await self.see(event)
            case "translation" if event["status"] == "ready":
                print(f"  ({event['lang']}) {event['content']}")
            case "ack" if "ref" in event:
                self.unacked.pop(event["ref"], None)
                self.finish()
            case "error":
                self.take_error(event)
            case "presence":
                state = "is here" if event["online"] else "has left"
                print(f"* {await self.name_of(event['user_id'])} {state}")
            case "group_created" | "group_updated":
                print(f"* group {event['group']['name']}")

    def take_error(self, event: Json) -> None:
        """Try again what may pass, tell of the rest."""
        frame = self.unacked.get(event.get("ref", ""))
        if frame is not None and event["code"] in WORTH_ANOTHER_TRY:
            pause = event.get("retry_after_ms", 1000) / 1000
            self.retries.append(asyncio.create_task(self.write(frame, pause)))
            return
        self.unacked.pop(event.get("ref", ""), None)
        print(f"! {event['message']} {event.get('fields', '')}")
        self.finish()

    async def see(self, message: Json) -> None:
        """Show a message or its change, unless it was seen before."""
        if message["rev"] > self.cursors.get(message["conversation"], 0):
            self.cursors[message["conversation"]] = message["rev"]
            await self.show(message)

    async def show(self, message: Json) -> None:
        """Print a message as it is now, and say that it was read."""
        content = "(deleted)" if message.get("deleted") else message["content"]
        translation = message.get("translation", {})
        if translation.get("status") == "ready":
            content = f"{translation['content']} ({message['content_lang']}: {content})"
        marks = " ".join(
            ["(edited)"] * ("edited_at" in message)
            + [one["url"] for one in message["attachments"]]
            + [f"{emoji}{len(users)}" for emoji, users in message["reactions"].items()]
        )
        place = " in a group" if "group_id" in message else ""
        name = await self.name_of(message["sender_id"])
        print(f"{message['created_at'][11:16]} {name}{place}: {content} {marks}".rstrip())
        if message["sender_id"] != self.api.me:
            seq = message["seq"]
            await self.write({"type": "read", "conversation": message["conversation"], "seq": seq})

    async def type(self, line: str) -> None:
        """Do what was typed."""
        word, _, rest = line.strip().partition(" ")
        try:
            if word == "/to":
                await self.choose_person(rest.strip())
            elif word == "/group":
                await self.choose_group(rest.strip())
            elif word == "/quit":
                self.finish_soon()
            elif word.startswith("/") or (word and not self.target):
                print(HELP)
            elif word:
                await self.send(line.strip())
        except (RefusedError, OSError, HTTPClientError) as error:
            print(f"! {error}")

    async def send(self, content: str) -> None:
        """Send a message, now or when there is a connection; it is kept until it is acked."""
        client_id = str(uuid.uuid4())
        frame = {"type": "send_message", "ref": client_id, "client_id": client_id}
        self.unacked[client_id] = {**frame, **self.target, "content": content}
        await self.write(self.unacked[client_id])

    async def write(self, frame: Json, pause: float = 0) -> None:
        """Write a frame, if there is a connection; an ack is what tells that it arrived."""
        await asyncio.sleep(pause)
        if self.socket is not None:
            with contextlib.suppress(WebSocketError, OSError):
                await self.socket.write_message(json.dumps(frame))

    def finish_soon(self) -> None:
        """Take no more, and end once everything that was typed is acked."""
        self.finishing = True
        self.finish()

    def finish(self) -> None:
        """End if there is nothing more to be done."""
        if self.finishing and not self.unacked:
            self.ended.set()

    async def choose_person(self, wanted: str) -> None:
        """Talk to a person from now on."""
        found = await self.api.get("/users/search", q=wanted)
        if not found:
            print(f"! there is no {wanted}")
            return
        self.target = {"recipient_id": found[0]["id"]}
        print(f"* to {found[0]['name']}")

    async def choose_group(self, name: str) -> None:
        """Talk to a group of one's own from now on; make it if there is none of that name."""
        groups = await self.api.get("/groups")
        known = next((group for group in groups if group["name"] == name), None)
        group = known or await self.api.call("POST", "/groups", {"name": name})
        self.target = {"group_id": group["id"]}
        print(f"* to the group {name} ({group['id']})")

    async def name_of(self, user_id: str) -> str:
        """Return what somebody is called."""
        if user_id not in self.names:
            self.names[user_id] = (await self.api.get(f"/users/{user_id}"))["name"]
        return self.names[user_id]


async def run(options: argparse.Namespace, password: str) -> None:
    """Sign in, then print and send until the end."""
    api = Api(options.url)
    await api.sign_in(options.email, options.name, password)
    chat = Chat(api)
    if options.to or options.group:
        await chat.type(f"/to {options.to}" if options.to else f"/group {options.group}")
    tasks = [asyncio.create_task(each) for each in (chat.stay_connected(), type_lines(chat))]
    await chat.ended.wait()
    for task in tasks:
        task.cancel()
    if chat.socket is not None:
        chat.socket.close()


async def type_lines(chat: Chat) -> None:
    """Do what is typed, line by line; at the end of the input finish."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in iter(sys.stdin.readline, ""):
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")

    # A thread that ends with the program, since a terminal can keep it waiting for ever.
    threading.Thread(target=read, daemon=True).start()
    while line := await lines.get():
        await chat.type(line)
    chat.finish_soon()


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description="RealChat on the command line", epilog=HELP)
    parser.add_argument("--url", default="http://127.0.0.1:5000")
    parser.add_argument("--email", required=True)
    parser.add_argument("--name", default="", help="what to be called, for a new account")
    parser.add_argument("--to", default="", help="the name or address of whom to talk to")
    parser.add_argument("--group", default="", help="the name of the group to talk to")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text stream
    options = parser.parse_args()
    password = os.environ.get("REALCHAT_PASSWORD") or getpass.getpass()
    try:
        asyncio.run(run(options, password))
    except RefusedError as error:
        sys.exit(f"The server refuses: {error}")
    except (OSError, HTTPClientError) as error:
        sys.exit(f"The server cannot be reached: {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

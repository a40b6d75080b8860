"""`/upload`: files come in as a form, straight to where they are kept."""

from __future__ import annotations

from contextlib import suppress

from tornado.http1connection import HTTP1Connection
from tornado.ioloop import IOLoop

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.multipart import FileBegun, FileData, FormEvent, FormReader
from handlers.routes import Route
from realchat.errors import ChatError, Code
from realchat.intake import Delivery
from realchat.limits import UPLOAD
from realchat.metrics import count_upload
from realchat.replies import UploadReply
from realchat.services import Services

# Seconds without a byte after which an upload is given up.
_SILENCE = 60.0
# Bytes per second below which an upload takes too long: half a megabit.
_SLOWEST = 64 * 1024


class UploadHandler(ApiHandler):
    """`/upload`."""

    def initialize(self, services: Services) -> None:
        """Keep what the handler works with (Tornado's constructor)."""
        super().initialize(services)
        self.body_limit = services.intake.form_limit
        self._delivery: Delivery | None = None
        self._length = 0
        self._silence: object | None = None

    async def begin_body(self) -> None:
        """Get ready for the form."""
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)
        length = self.announced_length or self.body_limit
        connection.set_body_timeout(_SILENCE + length / _SLOWEST)
        self._form = FormReader(self.request.headers.get("Content-Type", ""))
        self._delivery = await self.services.intake.begin(self.user_id, self.announced_length)
        self._await_more()

    async def data_received(self, chunk: bytes) -> None:
        """Pass the bytes on; the next ones are read when these are written."""
        if self._refusal is not None or self._delivery is None:
            return  # refused, or no upload at all: the body of an OPTIONS
        self._stop_waiting()
        try:
            self._length += len(chunk)
            if self._length > self.body_limit:
                raise self.too_large()
            for event in self._form.feed(chunk):
                await self._take(event)
        except Exception as error:
            # One that escaped would close the connection without an answer.
            await self._discard()
            self.refuse(error)
        else:
            self._await_more()

    @endpoint(
        status=201,
        rate=UPLOAD,
        media_type="multipart/form-data",
        raises=(
            Code.INVALID_UPLOAD,
            Code.FILE_TOO_LARGE,
            Code.QUOTA_EXCEEDED,
            Code.STORAGE_FULL,
        ),
    )
    async def post(self) -> UploadReply:
        """Keep files, sent as parts `file` of a form: all of them, or none."""
        self._stop_waiting()
        assert self._delivery is not None
        try:
            self._form.finish()
            files = await self._delivery.keep()
        except BaseException:
            await self._discard()
            raise
        count_upload(sum(file.size for file in files))
        return UploadReply(files=[self.services.uploads.uploaded(file) for file in files])

    def too_large(self) -> ChatError:
        """Return the error for a form over the limit."""
        return ChatError(Code.FILE_TOO_LARGE, f"A form has at most {self.body_limit} bytes here.")

    def on_finish(self) -> None:
        """Let go of the timer."""
        super().on_finish()
        self._stop_waiting()

    def on_connection_close(self) -> None:
        """Leave nothing of an upload that was cut off."""
        super().on_connection_close()
        self._stop_waiting()
        self.services.tasks.start(self._discard())

    async def _take(self, event: FormEvent) -> None:
        assert self._delivery is not None
        if isinstance(event, FileBegun):
            await self._delivery.begin_file(event.name)
        elif isinstance(event, FileData):
            await self._delivery.write(event.data)
        else:
            await self._delivery.end_file()

    async def _discard(self) -> None:
        if self._delivery is not None:
            # What cannot be removed now is swept later.
            with suppress(OSError, ChatError):
                await self._delivery.discard()

    def _await_more(self) -> None:
        if self._delivery is not None and not self.request._body_future.done():
            self._silence = IOLoop.current().call_later(_SILENCE, self.hang_up)

    def _stop_waiting(self) -> None:
        if self._silence is not None:
            IOLoop.current().remove_timeout(self._silence)
            self._silence = None


ROUTES = [Route("/upload", UploadHandler)]

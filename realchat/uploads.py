"""Files that are here: whose they are, where they are shared, who may read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import UNSET, structs

from realchat.errors import ChatError, Code, invalid
from realchat.file_names import FileAddress, file_url, parse_file_url
from realchat.ids import now
from realchat.models import Attachment, StoredFile, UploadedFile

# Images that every browser shows.
AVATAR_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


class Files(Protocol):
    """Where the records of files are kept."""

    async def find(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return those of the files that there are."""

    async def touch(self, owner_id: str, ids: Sequence[str], moment: datetime) -> None:
        """Keep an owner's files from being swept for a day from a moment on."""

    async def share(self, ids: Sequence[str], conversation: str) -> int:
        """Let a conversation have files; return how many of them there are."""

    async def unshare(self, ids: Sequence[str], conversation: str) -> None:
        """Take files away from a conversation."""

    async def mark_avatar(self, owner_id: str, id: str) -> None:
        """Mark a file as its owner's avatar."""

    async def set_avatar(self, owner_id: str, id: str | None) -> None:
        """Mark one file as its owner's avatar, or none, and no other one any longer."""


class FileReader(Protocol):
    """A file that is open for reading."""

    async def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""

    async def close(self) -> None:
        """Close the file."""


class Bytes(Protocol):
    """Where the bytes of files lie."""

    async def open(self, id: str, offset: int, length: int) -> FileReader | None:
        """Open a file for so many bytes from an offset; None when it is not there."""


class Members(Protocol):
    """Who is in which conversation."""

    async def is_member(self, user_id: str, conversation: str) -> bool:
        """Tell whether a user is in a conversation."""


class Uploads:
    """The files of all users."""

    def __init__(self, files: Files, contents: Bytes, members: Members) -> None:
        self._files = files
        self._contents = contents
        self._members = members

    async def claim(self, owner_id: str, urls: Sequence[str]) -> list[StoredFile]:
        """Return the files of URLs, each once, in their order; none is swept for a day from now.

        Raises `validation_error` (`files`) when one is no file of the owner's.
        """
        return await self._claim(owner_id, urls, "files")

    async def share(self, files: Sequence[StoredFile], conversation: str) -> None:
        """Let the members of a conversation read files that were claimed."""
        if files and await self._files.share(_ids(files), conversation) < len(files):
            raise invalid("files", "must be URLs of files that are still there")

    async def unshare(self, urls: Sequence[str], conversation: str) -> None:
        """Take files away from a conversation, whose members can then no longer read them."""
        addresses = [address for url in urls if (address := parse_file_url(url))]
        if addresses:
            await self._files.unshare([address.id for address in addresses], conversation)

    async def share_again(self, urls: Sequence[str], conversation: str) -> None:
        """Let a conversation have files that were taken away from it too soon."""
        addresses = [address for url in urls if (address := parse_file_url(url))]
        await self._files.share([address.id for address in addresses], conversation)

    async def claim_avatar(self, owner_id: str, url: str | None) -> None:
        """Show an image to everybody as its owner's avatar, beside the one before.

        Raises `validation_error` (`avatar`) when it is no image of the owner's.
        """
        if url is None:
            return
        (file,) = await self._claim(owner_id, [url], "avatar")
        if file.type not in AVATAR_TYPES:
            raise invalid("avatar", "must be an image: PNG, JPEG, GIF, WebP or AVIF")
        await self._files.mark_avatar(owner_id, file.id)

    async def keep_avatar(self, owner_id: str, url: str | None) -> None:
        """Show that avatar of an owner's, or none, and no other one any longer."""
        address = parse_file_url(url) if url is not None else None
        await self._files.set_avatar(owner_id, address.id if address else None)

    async def find(self, user_id: str, address: FileAddress) -> StoredFile:
        """Return a file that a user may read. Raises `not_found`."""
        found = await self._files.find([address.id])
        for file in found:
            if file.name == address.name and await self.may_read(user_id, file):
                return file
        raise ChatError(Code.NOT_FOUND)

    async def may_read(self, user_id: str, file: StoredFile) -> bool:
        """Tell whether a user may read a file."""
        if file.is_avatar or file.owner_id == user_id:
            return True
        for conversation in file.conversations:
            if await self._members.is_member(user_id, conversation):
                return True
        return False

    async def open(self, file: StoredFile, offset: int, length: int) -> FileReader:
        """Open a file for reading so many bytes from an offset. Raises `not_found`."""
        reader = await self._contents.open(file.id, offset, length)
        if reader is None:
            raise ChatError(Code.NOT_FOUND)
        return reader

    def attachment(self, file: StoredFile) -> Attachment:
        """Return a file as a message shows it."""
        return Attachment(
            url=file_url(FileAddress(file.id, file.name)),
            name=file.name,
            size=file.size,
            type=file.type,
            width=UNSET if file.width is None else file.width,
            height=UNSET if file.height is None else file.height,
        )

    def uploaded(self, file: StoredFile) -> UploadedFile:
        """Return a file as its uploader is told of it."""
        shown = structs.asdict(self.attachment(file))
        return UploadedFile(id=file.id, sha256=file.sha256, **shown)

    async def _claim(self, owner_id: str, urls: Sequence[str], field: str) -> list[StoredFile]:
        addresses = dict.fromkeys(parse_file_url(url) for url in urls)
        ids = [address.id for address in addresses if address]
        await self._files.touch(owner_id, ids, now())
        found = {
            FileAddress(file.id, file.name): file
            for file in await self._files.find(ids)
            if file.owner_id == owner_id
        }
        if not all(address in found for address in addresses):
            raise invalid(field, "must be the `url` that an upload of yours was answered with")
        return [found[address] for address in addresses if address]


def _ids(files: Sequence[StoredFile]) -> list[str]:
    return [file.id for file in files]

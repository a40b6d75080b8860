"""What has to be done once after a database went back to an older copy."""

from __future__ import annotations

from realchat.errors import ChatError
from realchat.ids import new_id
from realchat.settings import Settings, StartError
from realchat.store.database import Database


async def renew_epoch(settings: Settings) -> str:
    """Give the database's history another name, which tells clients to read it anew; return it.

    For a server that is not running, else it goes on under the old name. Raises `StartError`.
    """
    database = Database(settings.mongodb_uri, settings.mongodb_db)
    epoch = new_id()
    try:
        await database.set_epoch(epoch)
    except ChatError as error:
        raise StartError(f"The database cannot be written: {error.message}") from None
    finally:
        database.close()
    return epoch

"""What has to be done once after a database went back to an older copy."""

from __future__ import annotations

from realchat.errors import ChatError
from realchat.ids import new_id
from realchat.settings import Settings, StartError
from realchat.store.database import Database
from realchat.store.neighbours import count_processes


async def renew_epoch(settings: Settings) -> str:
    """Give the database's history another name, which tells clients to read it anew; return it.

    Raises `StartError`, also where a process runs that would go on under the old name, and
    never hear those that start under the new one.
    """
    database = Database(settings.mongodb_uri, settings.mongodb_db)
    epoch = new_id()
    try:
        if number := await count_processes(database, settings.mongodb_db):
            raise StartError(_advise_to_stop(number, settings.mongodb_db))
        await database.set_epoch(epoch)
    except ChatError as error:
        raise StartError(f"The database cannot be written: {error.message}") from None
    finally:
        database.close()
    return epoch


def _advise_to_stop(number: int, name: str) -> str:
    are = "1 process is" if number == 1 else f"{number} processes are"
    return (
        f"The epoch stays as it is, for {are} alive on the database {name}: stop all processes "
        "of RealChat, on all machines, then try again."
    )

"""People over REST: find somebody, see who they are, keep them away."""

from __future__ import annotations

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from realchat.errors import Code
from realchat.ids import require_id
from realchat.limits import SEARCH
from realchat.models import Profile
from realchat.requests import ListPeople, SearchPeople


class UsersHandler(ApiHandler):
    """`/users`."""

    @endpoint()
    async def get(self, query: ListPeople) -> list[Profile]:
        """Return people as others see them, in the order asked, but for unknown ones."""
        return await self.services.people.profiles(query.ids.split(","))


class SearchUsersHandler(ApiHandler):
    """`/users/search`."""

    @endpoint(rate=SEARCH)
    async def get(self, query: SearchPeople) -> list[Profile]:
        """Find people by the beginning of their name, or by their whole e-mail address."""
        return await self.services.people.search(query.q)


class UserHandler(ApiHandler):
    """`/users/{user_id}`."""

    @endpoint(raises=(Code.NOT_FOUND,))
    async def get(self, user_id: str) -> Profile:
        """Return somebody as others see them."""
        people = self.services.people
        return people.profile(await people.get(require_id(user_id)))


class BlockHandler(ApiHandler):
    """`/users/{user_id}/block`."""

    @endpoint(status=204, raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def post(self, user_id: str) -> None:
        """Block somebody: no direct messages, no typing, no presence between the two."""
        await self.services.people.block(self.user_id, require_id(user_id))

    @endpoint(status=204, raises=(Code.NOT_FOUND,))
    async def delete(self, user_id: str) -> None:
        """Take a block back."""
        await self.services.people.unblock(self.user_id, require_id(user_id))


ROUTES = [
    Route("/users", UsersHandler),
    Route("/users/search", SearchUsersHandler),
    Route("/users/{user_id}", UserHandler),
    Route("/users/{user_id}/block", BlockHandler),
]

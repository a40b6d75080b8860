"""What becomes of a group when somebody comes, goes or gets another role; no I/O."""

from __future__ import annotations

from msgspec import structs

from realchat.errors import ChatError, Code
from realchat.fields import MAX_MEMBERS
from realchat.models import Group, Role

_RANK: dict[Role, int] = {"member": 0, "admin": 1, "owner": 2}


def rank(role: Role) -> int:
    """Return a role's place in the order of what it may do."""
    return _RANK[role]


def with_member(group: Group, user_id: str, role: Role | None = None) -> Group:
    """Return the group with that user in it, in that role (None: as they are, else member)."""
    present = user_id in group.roles
    if not present and len(group.members) >= MAX_MEMBERS:
        raise ChatError(Code.FORBIDDEN, f"A group has at most {MAX_MEMBERS} members.")
    members = group.members if present else [*group.members, user_id]
    roles = {**group.roles, user_id: role or group.roles.get(user_id, "member")}
    return _with_owner(structs.replace(group, members=members, roles=roles))


def without_member(group: Group, user_id: str) -> Group:
    """Return the group without that user; one of those who stay owns it then."""
    members = [member for member in group.members if member != user_id]
    roles = {member: role for member, role in group.roles.items() if member != user_id}
    return _with_owner(structs.replace(group, members=members, roles=roles))


def require_role(group: Group, user_id: str, role: Role) -> None:
    """Raise unless the user has at least that role in the group."""
    if user_id not in group.roles:
        raise ChatError(Code.NOT_FOUND if group.private else Code.FORBIDDEN)
    if rank(group.roles[user_id]) < rank(role):
        raise ChatError(Code.FORBIDDEN, f"Only {role}s of the group may do this.")


def require_authority(group: Group, user_id: str, other_id: str) -> None:
    """Raise where an admin would change an owner."""
    if rank(group.roles.get(other_id, "member")) > rank(group.roles[user_id]):
        raise ChatError(Code.FORBIDDEN, "You cannot change somebody with a role above your own.")


def _with_owner(group: Group) -> Group:
    """Hand an ownerless group to its longest-standing admin, else member."""
    if "owner" in group.roles.values():
        return group
    heir = max(group.members, key=lambda member: rank(group.roles[member]), default=None)
    return structs.replace(group, roles={**group.roles, heir: "owner"}) if heir else group

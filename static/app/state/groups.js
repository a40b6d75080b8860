// Groups: what one can do with them. What comes of it is told to all members by frames.

import { call } from "../net/api.js";
import { account } from "../net/session.js";
import { conversationOf, groupIdOf, groupOf, remove, takeGroup } from "./conversations.js";
import { close, open } from "./route.js";

export const ROLES = ["member", "admin", "owner"];

const rank = (role) => ROLES.indexOf(role);
const path = (id, rest = "") => `/groups/${groupIdOf(id)}${rest}`;

// Each returns the conversation's id.
export const createGroup = async (given) => takeGroup(await call("POST", "/groups", given));
export const joinGroup = async (given) => takeGroup(await call("POST", "/groups/join", given));

export const changeGroup = async (id, changes) => takeGroup(await call("PATCH", path(id), changes));

export const setMember = async (id, userId, role = "member") =>
  takeGroup(await call("PUT", path(id, `/members/${userId}`), { role }));

export async function removeMember(id, userId) {
  await call("DELETE", path(id, `/members/${userId}`));
  const group = groupOf(id);
  if (!group) return;
  const { [userId]: gone, ...roles } = group.roles;
  takeGroup({ ...group, roles, members: group.members.filter((one) => one !== userId) });
}

export async function leaveGroup(id) {
  await call("POST", path(id, "/leave"));
  forgetGroup(id);
}

export async function deleteGroup(id) {
  await call("DELETE", path(id));
  forgetGroup(id);
}

function forgetGroup(id) {
  if (conversationOf(id)) remove(id);
  if (open.value === id) close();
}

export const previewInvite = (invite) => call("GET", `/groups/invite/${invite}`);
export const makeInvite = (id) => call("POST", path(id, "/invite"));
// A group that is public, or that one is in.
export const seeGroup = (id) => call("GET", path(id));

export const readGlossary = (id) => call("GET", path(id, "/glossary"));
export const writeGlossary = (id, terms) => call("PUT", path(id, "/glossary"), { terms });

export const isMember = (group) => Boolean(group.roles[account.value.id]);

// The roles that one may give to a member; none where one may not change them.
export function rolesFor(group, userId) {
  const mine = rank(group.roles[account.value.id]);
  const theirs = rank(group.roles[userId] ?? "member");
  if (mine < rank("admin") || theirs > mine || userId === account.value.id) return [];
  return ROLES.filter((role) => rank(role) <= mine);
}

// The members, those who answer for the group first.
export const byRole = ({ members, roles }) =>
  [...members].sort((one, other) => rank(roles[other]) - rank(roles[one]));

// One's conversations: with whom, what was said last, and how much of it is unread.

import { computed, signal } from "../lib/html.js";
import { settled } from "../lib/timing.js";
import { call } from "../net/api.js";
import { account } from "../net/session.js";
import { isMe, know, person } from "./people.js";
import * as storage from "./storage.js";

// Milliseconds of quiet after which the list is kept for when there is no server.
const QUIET = 1_000;

// By id; every change makes a new map, so that who looks at it sees it.
export const conversations = signal(new Map());

export const ordered = computed(() =>
  [...conversations.value.values()].sort((one, other) => (activity(one) < activity(other) ? 1 : -1)),
);
export const unreadTotal = computed(() =>
  ordered.value.reduce((sum, { unread, muted }) => sum + (muted ? 0 : unread), 0),
);

const activity = ({ last_message: last, group }) => last?.created_at ?? group?.created_at ?? "";

export const directId = (userId) => ["dm", ...[account.value.id, userId].sort()].join(":");
export const groupIdOf = (id) => (id.startsWith("group:") ? id.slice(6) : null);
export const peerOf = (id) =>
  id.startsWith("dm:") ? id.split(":").find((part) => part !== "dm" && !isMe(part)) : null;

// Whom a message in a conversation goes to, as sending and typing name it.
export const addressOf = (id) =>
  peerOf(id) ? { recipient_id: peerOf(id) } : { group_id: groupIdOf(id) };

export const conversationOf = (id) => conversations.value.get(id);
export const groupOf = (id) => conversationOf(id)?.group ?? null;
export const titleOf = (id) =>
  peerOf(id) ? person(peerOf(id)).name : (groupOf(id)?.name ?? "…");
export const lastSeqOf = (id) => conversationOf(id)?.last_message?.seq ?? 0;
export const roleOf = (id) => groupOf(id)?.roles[account.value.id];
export const isAdmin = (id) => ["owner", "admin"].includes(roleOf(id));

export async function recallConversations() {
  for (const one of await storage.readAll("conversations"))
    if (!conversationOf(one.id)) put(one);
}

export async function loadConversations() {
  const fresh = await call("GET", "/conversations");
  conversations.value = new Map(fresh.map((one) => [one.id, merge(one, conversationOf(one.id))]));
  for (const { peer } of fresh) if (peer) know(peer);
  save();
}

// Where one is now, as resuming wants it.
export const cursors = () =>
  Object.fromEntries(ordered.value.map(({ id, last_rev }) => [id, last_rev]));

// What arrived while the list was on its way is newer than the list.
function merge(fresh, known) {
  if (!known || known.last_rev < fresh.last_rev) return fresh;
  const { last_message, last_rev, unread, read_seq } = known;
  const isNewer = last_rev > fresh.last_rev || read_seq > fresh.read_seq;
  return isNewer ? { ...fresh, last_message, last_rev, unread, read_seq } : fresh;
}

export function change(id, changes) {
  const known = conversationOf(id);
  if (known) put({ ...known, ...changes });
}

function put(one) {
  conversations.value = new Map(conversations.value).set(one.id, one);
  save();
}

export function remove(id) {
  const left = new Map(conversations.value);
  left.delete(id);
  conversations.value = left;
  save();
}

// What is known of these may never have been: the server is to be believed, whatever it says.
export function doubt(ids) {
  for (const id of ids) change(id, { last_rev: -1, read_seq: -1 });
}

export function clearConversations() {
  conversations.value = new Map();
}

export function takeGroup(group) {
  const id = `group:${group.id}`;
  const fresh = { id, kind: "group", last_message: null, last_rev: 0, unread: 0, read_seq: 0 };
  put({ ...fresh, ...conversationOf(id), group });
  return id;
}

// Tells whether a message is news: one that this conversation did not have yet.
export function takeMessage(message) {
  const known = conversationOf(message.conversation);
  if (!known) {
    refreshList();
    return true;
  }
  const isNews = message.seq > (known.last_message?.seq ?? 0);
  const isUnread = isNews && !isMe(message.sender_id) && message.seq > known.read_seq;
  const isLast = message.seq >= (known.last_message?.seq ?? 0);
  put({
    ...known,
    last_rev: Math.max(known.last_rev, message.rev),
    last_message: isLast ? message : known.last_message,
    unread: known.unread + (isUnread ? 1 : 0),
  });
  return isNews;
}

// One's own mark, set here or on another device.
export function takeRead(id, seq) {
  const known = conversationOf(id);
  if (!known || seq <= known.read_seq) return;
  const isAll = seq >= (known.last_message?.seq ?? 0);
  put({ ...known, read_seq: seq, unread: isAll ? 0 : known.unread });
  // How many are left the server knows.
  if (!isAll) refreshList();
}

// A translation of the last message shows in the list.
export function takeTranslation(id, messageId, rev, translation) {
  const known = conversationOf(id);
  const last = known?.last_message;
  if (last?.id === messageId && last.rev === rev)
    put({ ...known, last_message: { ...last, translation } });
}

export const refreshList = settled(100, () => loadConversations().catch(() => {}));

const save = settled(QUIET, () =>
  storage.replaceAll("conversations", [...conversations.value]),
);

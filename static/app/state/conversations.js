// One's conversations: with whom, what was said last, and how much of it is unread.

import { batch, computed, signal } from "../lib/html.js";
import { settled, written } from "../lib/timing.js";
import { call } from "../net/api.js";
import { account } from "../net/session.js";
import { isMe, know, person } from "./people.js";
import { refreshPresence } from "./presence.js";
import * as storage from "./storage.js";
import { best, comeEarly } from "./translations.js";

// Milliseconds of quiet after which the list is kept for when there is no server.
const QUIET = 250;
const CURSORS = "cursors";

// By id; every change makes a new map, so that who looks at it sees it.
export const conversations = signal(new Map());
// Whether the server has told the list, so that what is not in it is not there.
export const hasList = signal(false);

// How far those are known that are not in the list, such as hidden ones.
let unlisted = {};
let changes = 0; // of which conversations there are, and how one keeps them
let loading = null;
const strange = []; // messages of conversations that the list does not have yet
let tellLate = () => {};

export const ordered = computed(() =>
  [...conversations.value.values()].sort((one, other) =>
    activity(one) < activity(other) ? 1 : -1,
  ),
);
export const unreadTotal = computed(() =>
  ordered.value.reduce((sum, { unread, muted }) => sum + (muted ? 0 : unread), 0),
);

// When something was said last, as the server's clock has it, or "".
export const activity = ({ last_message: last, group }) =>
  last?.created_at ?? group?.created_at ?? "";

export const directId = (userId) => ["dm", ...[account.value.id, userId].sort()].join(":");
export const groupIdOf = (id) => (id.startsWith("group:") ? id.slice(6) : null);
export const peerOf = (id) =>
  id.startsWith("dm:") ? id.split(":").find((part) => part !== "dm" && !isMe(part)) : null;

// Whom a message in a conversation goes to, as sending and typing name it.
export const addressOf = (id) =>
  peerOf(id) ? { recipient_id: peerOf(id) } : { group_id: groupIdOf(id) };

export const conversationOf = (id) => conversations.value.get(id);
export const groupOf = (id) => conversationOf(id)?.group ?? null;
export const titleOf = (id) => (peerOf(id) ? person(peerOf(id)).name : (groupOf(id)?.name ?? "…"));
export const lastSeqOf = (id) => conversationOf(id)?.last_message?.seq ?? 0;
export const roleOf = (id) => groupOf(id)?.roles[account.value.id];
export const isAdmin = (id) => ["owner", "admin"].includes(roleOf(id));

// Whether one shares a conversation with somebody, so that presence is told.
export const isAcquainted = (userId) =>
  ordered.value.some(({ id, group }) => id === directId(userId) || group?.members.includes(userId));

// What the listener is called with is news of a conversation that was not listed when it came.
export const whenListed = (listener) => (tellLate = listener);

export async function recallConversations() {
  unlisted = (await storage.read("meta", CURSORS)) ?? {};
  for (const one of await storage.readAll("conversations"))
    if (!conversationOf(one.id)) put({ ...one, doubted: true });
}

// One reading at a time: of two, the older one could come last.
export async function loadConversations() {
  await loading?.catch(() => {});
  loading ??= read().finally(() => (loading = null));
  await loading;
}

async function read() {
  const [before, asker, waiting] = [changes, account.value?.id, strange.length];
  const fresh = await call("GET", "/conversations");
  if (account.value?.id !== asker) return;
  // What was made or left meanwhile the list may not know of.
  if (before !== changes) {
    await read();
    return;
  }
  batch(() => {
    conversations.value = new Map(fresh.map((one) => [one.id, merge(one, conversationOf(one.id))]));
    hasList.value = true;
    for (const { peer } of fresh) if (peer) know(peer);
  });
  tellStrange(waiting);
  save();
}

// Those that came while the list was read may be of conversations that it is too old for.
function tellStrange(waiting) {
  strange.splice(0).forEach((message, place) => {
    const known = conversationOf(message.conversation);
    if (!known && place >= waiting) strange.push(message);
    else if (known && !isMe(message.sender_id) && message.seq > known.read_seq)
      tellLate({ ...message, translation: comeEarly(message) ?? message.translation });
  });
}

// Where one is now, as resuming wants it.
export const cursors = () => ({
  ...unlisted,
  ...Object.fromEntries(ordered.value.map(({ id, last_rev }) => [id, last_rev])),
});
export const lastSeqs = () =>
  Object.fromEntries(ordered.value.map(({ id }) => [id, lastSeqOf(id)]));
export const groupVersions = () =>
  Object.fromEntries(
    ordered.value.filter(({ group }) => group).map(({ group }) => [group.id, group.version]),
  );

// What the server says of where one is now: so that those not listed are not told whole again.
export function takeCursors(now) {
  unlisted = Object.fromEntries(Object.entries(now).filter(([id]) => !conversationOf(id)));
  storage.keep("meta", CURSORS, unlisted);
}

// What arrived while the list was on its way is newer than the list.
function merge(fresh, known) {
  if (!known || known.doubted) return fresh;
  const isNewer = known.last_rev > fresh.last_rev;
  const { last_message, last_rev } = isNewer ? known : fresh;
  const read_seq = Math.max(known.read_seq, fresh.read_seq);
  const group = later(known.group, fresh.group);
  const last = last_message && newest(known.last_message, last_message);
  const merged = counted({ ...fresh, group, last_message: last, last_rev, read_seq });
  return isSame(known, merged) ? known : merged;
}

const later = (known, fresh) => (known?.version > fresh?.version ? known : fresh);

// Nothing is drawn again for a list that says what was known.
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Unread is what was said since one's mark.
const counted = (one) => ({
  ...one,
  unread: Math.max(0, (one.last_message?.seq ?? 0) - one.read_seq),
});

export function change(id, changed) {
  const known = conversationOf(id);
  changes++;
  if (known) put({ ...known, ...changed });
}

function put(one) {
  if (!conversationOf(one.id)) changes++;
  conversations.value = new Map(conversations.value).set(one.id, one);
  save();
}

export function remove(id) {
  changes++;
  const left = new Map(conversations.value);
  left.delete(id);
  conversations.value = left;
  save();
}

// What is known of these may never have been: the server is to be believed, whatever it says.
export function doubt(ids) {
  for (const id of ids) change(id, { doubted: true, last_rev: 0 });
}

export function clearConversations() {
  conversations.value = new Map();
  hasList.value = false;
  unlisted = {};
  strange.length = 0;
}

// A group that one made or joined, or one that changed.
export function takeGroup(group) {
  const id = `group:${group.id}`;
  const known = conversationOf(id);
  const fresh = { id, kind: "group", last_message: null, last_rev: 0, unread: 0, read_seq: 0 };
  put({ ...fresh, muted: false, ...known, group: later(known?.group, group) });
  refreshPresence();
  return id;
}

// One that is not listed may be hidden, and stay so.
export function takeChangedGroup(group) {
  if (conversationOf(`group:${group.id}`)) takeGroup(group);
  else refreshList();
}

// Tells whether a message's conversation is listed; one that is not is told of when it is.
export function takeMessage(message) {
  const known = conversationOf(message.conversation);
  if (!known) return takeStrange(message);
  if (known.doubted) refreshList();
  const last = known.last_message;
  const isLast = message.seq >= (last?.seq ?? 0);
  put(
    counted({
      ...known,
      last_rev: Math.max(known.last_rev, message.rev),
      last_message: isLast ? newest(last, message) : last,
      // What one sends counts as read, on all of one's devices.
      read_seq: isMe(message.sender_id) ? Math.max(known.read_seq, message.seq) : known.read_seq,
    }),
  );
  return true;
}

const newest = (known, message) => {
  const isSame = known?.id === message.id;
  const translation = comeEarly(message) ?? (isSame ? best(known, message) : message.translation);
  return { ...message, translation };
};

function takeStrange(message) {
  strange.push(message);
  refreshList();
  refreshPresence();
  return false;
}

// One's own mark, set here or on another device.
export function takeRead(id, seq) {
  const known = conversationOf(id);
  if (known && seq > known.read_seq) put(counted({ ...known, read_seq: seq }));
}

// A translation of the last message shows in the list.
export function takeTranslation(id, messageId, rev, translation) {
  const known = conversationOf(id);
  const last = known?.last_message;
  if (last?.id === messageId && last.rev === rev && last.translation?.lang === translation.lang)
    put({ ...known, last_message: { ...last, translation } });
}

export const refreshList = settled(100, () => loadConversations().catch(() => {}));

const save = written(QUIET, () => storage.replaceAll("conversations", [...conversations.value]));

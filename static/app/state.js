// What this page knows: people and who is there, conversations, and what was said in them.

import { call, page } from "./api.js";

const PAGE = 50;
// Milliseconds after which somebody who said to be writing is taken to have stopped.
const TYPING = 6_000;

let self = null;
export const me = () => self;
export const become = (user) => (self = user);
export const conversations = new Map();
export const online = new Set();
export const typing = new Map(); // conversation → Map of user id → timer
const people = new Map();
const talks = new Map(); // conversation → { messages: Map by id, more }
const early = new Map(); // message id → a translation that came before its message
export const outgoing = new Map(); // client_id → what is not among the messages yet

const watchers = [];
export const watch = (watcher) => watchers.push(watcher);
let told = false;
export function changed() {
  if (told) return;
  told = true;
  // Once for all that changes in the same moment.
  queueMicrotask(() => {
    told = false;
    for (const watcher of watchers) watcher();
  });
}

export function clear() {
  for (const each of [conversations, online, typing, people, talks, early, outgoing]) each.clear();
}

// Cached histories, all but one, are read anew when they are next opened.
export function forgetTalks(except) {
  for (const id of talks.keys()) if (id !== except) talks.delete(id);
}

export function person(id) {
  if (id === me().id) return me();
  if (!people.has(id)) {
    people.set(id, { id, name: "…" });
    call("GET", `/users/${id}`)
      .catch(() => ({ id, name: "Somebody" }))
      .then(know);
  }
  return people.get(id);
}

export const nameOf = (id) => (id === me().id ? "You" : person(id).name);

export function know(profile) {
  people.set(profile.id, profile);
  changed();
}

export const keyOf = (id) => ["dm", ...[me().id, id].sort()].join(":");
export const peerOf = (id) =>
  id.startsWith("dm:") && id.split(":").find((part) => part.length === 24 && part !== me().id);

// Whom a message in a conversation goes to, as sending and typing name it.
export const addressOf = (id) =>
  peerOf(id) ? { recipient_id: peerOf(id) } : { group_id: id.slice(6) };

export const titleOf = (id) =>
  peerOf(id) ? person(peerOf(id)).name : (conversations.get(id)?.group?.name ?? "Group");

export function unreadOf({ last_message, read_seq }) {
  return !last_message || last_message.sender_id === me().id
    ? 0
    : Math.max(0, last_message.seq - read_seq);
}

export async function loadList() {
  const [list, presence] = await Promise.all([
    call("GET", "/conversations"),
    call("GET", "/presence"),
  ]);
  const live = new Map(conversations);
  conversations.clear();
  for (const fresh of list) {
    const known = live.get(fresh.id);
    if (fresh.peer) know(fresh.peer);
    // What arrived while the list was on its way is newer than the list.
    if (known?.last_message?.rev > (fresh.last_message?.rev ?? 0))
      fresh.last_message = known.last_message;
    fresh.read_seq = Math.max(fresh.read_seq, known?.read_seq ?? 0);
    conversations.set(fresh.id, fresh);
  }
  online.clear();
  for (const id of presence.online) online.add(id);
  changed();
}

export function addGroup(group) {
  const id = `group:${group.id}`;
  const known = conversations.get(id) ?? { id, kind: "group", last_message: null, read_seq: 0 };
  conversations.set(id, { ...known, group });
  changed();
  return id;
}

export const talkOf = (id) => talks.get(id);
export const inOrder = (id) =>
  [...(talks.get(id)?.messages.values() ?? [])].sort((one, other) => one.seq - other.seq);

const historyOf = (id, query) => {
  const peer = peerOf(id);
  const [path, whose] = peer
    ? ["/messages/dm", { user_id: peer }]
    : ["/messages/group", { group_id: id.slice(6) }];
  return page(path, { ...whose, limit: PAGE, ...query });
};

export async function loadTalk(id) {
  const { items, more } = await historyOf(id);
  talks.set(id, { messages: new Map(), more });
  items.forEach(merge);
  changed();
}

export async function loadOlder(id) {
  const [first] = inOrder(id);
  const { items, more } = await historyOf(id, { before: first.seq });
  talks.get(id).more = more;
  items.forEach(merge);
  changed();
}

// All that changed while there was no connection, edits and deletions too.
export async function catchUp(id) {
  let since = Math.max(0, ...inOrder(id).map((message) => message.rev));
  for (let more = true; more;) {
    const found = await historyOf(id, { changed_since: since, limit: 200 });
    const known = inOrder(id)[0]?.seq ?? 0;
    // Older messages than those shown come with their page; a lone one would leave a hole.
    found.items.filter((message) => message.seq >= known || !talks.get(id).more).forEach(merge);
    since = found.items.at(-1)?.rev ?? since;
    more = found.more;
  }
  changed();
  fetchPending(id);
}

// Translations are told once, and these may have been told while nobody listened. One after the
// other and on the side, since each may take as long as the engine does.
async function fetchPending(id) {
  for (const { id: message, rev, translation } of inOrder(id)) {
    if (translation?.status !== "pending" || !talks.has(id)) continue;
    const path = `/messages/${message}/translation?lang=${translation.lang}`;
    const found = await call("GET", path).catch(() => null);
    if (found) apply({ type: "translation", id: message, conversation: id, rev, ...found });
  }
}

function merge(message) {
  if (message.client_id) outgoing.delete(message.client_id);
  const known = talks.get(message.conversation)?.messages;
  const before = known?.get(message.id);
  if (!known || before?.rev > message.rev) return;
  const still = before?.translation?.status === "ready" && before.content === message.content;
  // A reaction does not undo a translation that is there already.
  if (still && message.translation?.status === "pending") message.translation = before.translation;
  const come = early.get(message.id);
  if (come && isOf(come.translation, come.rev, message)) message.translation = come.translation;
  known.set(message.id, message);
}

// Whether a translation is of this text, into the language that is awaited.
const isOf = ({ lang }, rev, message) =>
  message?.translation?.lang === lang &&
  message.rev === rev &&
  message.translation.status !== "ready";

// The translations of a page of history may come before the page itself.
function keepEarly(id, come) {
  early.set(id, come);
  if (early.size > 4 * PAGE) early.delete(early.keys().next().value);
}

const frames = {
  message(message) {
    typing.get(message.conversation)?.delete(message.sender_id);
    merge(message);
    const known = conversations.get(message.conversation);
    if (!known) return void loadList().catch(() => {});
    if (message.seq > (known.last_message?.seq ?? 0)) known.last_message = message;
  },
  message_updated(message) {
    merge(message);
    const known = conversations.get(message.conversation);
    if (known?.last_message?.id === message.id) known.last_message = message;
  },
  translation({ id, conversation, rev, lang, status, content, reason, engine }) {
    const known = talks.get(conversation)?.messages;
    const message = known?.get(id);
    const translation = { lang, status, content, reason, engine };
    if (isOf(translation, rev, message)) known.set(id, { ...message, translation });
    else keepEarly(id, { translation, rev });
  },
  ack({ ref }) {
    const sent = outgoing.get(ref);
    if (sent) outgoing.set(ref, { ...sent, status: "sent", error: "" });
  },
  error({ ref, message }) {
    const sent = outgoing.get(ref);
    if (sent) outgoing.set(ref, { ...sent, status: "failed", error: message });
  },
  read({ conversation, user_id, seq }) {
    const known = conversations.get(conversation);
    if (known && user_id === me().id) known.read_seq = Math.max(known.read_seq, seq);
  },
  typing({ conversation, user_id, on }) {
    const writers = typing.get(conversation) ?? new Map();
    clearTimeout(writers.get(user_id));
    writers.delete(user_id);
    if (on)
      writers.set(
        user_id,
        setTimeout(() => frames.typing({ conversation, user_id }), TYPING),
      );
    typing.set(conversation, writers);
    changed();
  },
  presence({ user_id, online: here }) {
    if (here) online.add(user_id);
    else online.delete(user_id);
  },
  group_created: ({ group }) => (addGroup(group), loadList().catch(() => {})),
  group_updated: ({ group }) => addGroup(group),
  group_left({ group_id }) {
    conversations.delete(`group:${group_id}`);
    talks.delete(`group:${group_id}`);
  },
};

export function apply(frame) {
  frames[frame.type]?.(frame);
  changed();
}

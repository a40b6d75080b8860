// How far the others have read.

import { signal } from "../lib/html.js";
import { written } from "../lib/timing.js";
import { call } from "../net/api.js";
import { account } from "../net/session.js";
import { isMe } from "./people.js";
import * as storage from "./storage.js";

// Milliseconds of quiet after which the marks are kept for when there is no server.
const QUIET = 250;
const READS = "reads";

// What this browser kept, which counts until the server tells.
const recalled = signal(new Map()); // conversation → { user id: seq }
const marks = signal(new Map()); // conversation → { user id: seq }

const knownIn = (conversation) => ({
  ...recalled.value.get(conversation),
  ...marks.value.get(conversation),
});

// The ids of the others who have read a message.
export function readersOf({ conversation, seq, sender_id }) {
  const known = knownIn(conversation);
  return Object.keys(known).filter((id) => !isMe(id) && id !== sender_id && known[id] >= seq);
}

export async function recallReads() {
  recalled.value = (await storage.read("meta", READS)) ?? new Map();
}

export async function loadReads(conversation) {
  const asker = account.value?.id;
  const found = await call("GET", `/conversations/${conversation}/reads`);
  if (account.value?.id !== asker) return;
  const fresh = Object.fromEntries(found.map(({ user_id, seq }) => [user_id, seq]));
  recalled.value.delete(conversation);
  put(conversation, { ...fresh, ...later(marks.value.get(conversation), fresh) });
}

// Who says something has read what came before. While the marks are being loaded, these may be newer.
export function takeRead({ conversation, user_id, seq }) {
  const known = marks.value.get(conversation) ?? {};
  if (seq > (known[user_id] ?? 0)) put(conversation, { ...known, [user_id]: seq });
}

export function clearReads() {
  marks.value = new Map();
  recalled.value = new Map();
}

function put(conversation, known) {
  marks.value = new Map(marks.value).set(conversation, known);
  save();
}

const save = written(QUIET, () => {
  const ids = [...recalled.value.keys(), ...marks.value.keys()];
  storage.keep("meta", READS, new Map(ids.map((id) => [id, knownIn(id)])));
});

const later = (known = {}, fresh) =>
  Object.fromEntries(Object.entries(known).filter(([id, seq]) => seq > (fresh[id] ?? 0)));

// How far the others have read.

import { signal } from "../lib/html.js";
import { call } from "../net/api.js";
import { isMe } from "./people.js";

const marks = signal(new Map()); // conversation → { user id: seq }

// The ids of the others who have read a message.
export function readersOf({ conversation, seq, sender_id }) {
  const known = marks.value.get(conversation) ?? {};
  return Object.keys(known).filter((id) => !isMe(id) && id !== sender_id && known[id] >= seq);
}

export async function loadReads(conversation) {
  const found = await call("GET", `/conversations/${conversation}/reads`);
  const fresh = Object.fromEntries(found.map(({ user_id, seq }) => [user_id, seq]));
  put(conversation, { ...fresh, ...later(marks.value.get(conversation), fresh) });
}

// Who says something has read what came before. While the marks are being loaded, these may be newer.
export function takeRead({ conversation, user_id, seq }) {
  const known = marks.value.get(conversation) ?? {};
  if (seq > (known[user_id] ?? 0)) put(conversation, { ...known, [user_id]: seq });
}

export function clearReads() {
  marks.value = new Map();
}

const put = (conversation, known) => (marks.value = new Map(marks.value).set(conversation, known));

const later = (known = {}, fresh) =>
  Object.fromEntries(Object.entries(known).filter(([id, seq]) => seq > (fresh[id] ?? 0)));

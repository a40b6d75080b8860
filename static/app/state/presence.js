// Who is there, and who is writing.

import { signal } from "../lib/html.js";
import { call } from "../net/api.js";
import { isMe } from "./people.js";

// Milliseconds after which somebody who said to be writing is taken to have stopped.
const TYPING = 6_000;

const online = signal(new Set());
const typing = signal(new Map()); // conversation → ids of those who write
const timers = new Map();

export const isOnline = (id) => isMe(id) || online.value.has(id);
export const writersOf = (conversation) => typing.value.get(conversation) ?? [];

export async function loadPresence() {
  online.value = new Set((await call("GET", "/presence")).online);
}

export function takePresence({ user_id, online: isHere }) {
  const there = new Set(online.value);
  if (isHere) there.add(user_id);
  else there.delete(user_id);
  online.value = there;
}

export function takeTyping({ conversation, user_id, on }) {
  const key = `${conversation} ${user_id}`;
  clearTimeout(timers.get(key));
  const others = writersOf(conversation).filter((id) => id !== user_id);
  if (on)
    timers.set(
      key,
      setTimeout(() => takeTyping({ conversation, user_id, on: false }), TYPING),
    );
  typing.value = new Map(typing.value).set(conversation, on ? [...others, user_id] : others);
}

export function clearPresence() {
  online.value = new Set();
  typing.value = new Map();
}

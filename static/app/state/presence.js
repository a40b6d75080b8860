// Who is there, and who is writing.

import { batch, signal } from "../lib/html.js";
import { settled } from "../lib/timing.js";
import { call } from "../net/api.js";
import { isMe } from "./people.js";

// Milliseconds after which somebody who said to be writing is taken to have stopped.
const TYPING = 6_000;
const QUIET = 500;

// One signal a person and one a conversation, so that only what shows them is drawn again.
const online = new Map(); // user id → whether they are there
const typing = new Map(); // conversation → ids of those who write
const timers = new Map();
// Whether all that changes is told, and whether what was so before it is known too.
let isHeard = false;
export const isPresenceKnown = signal(false);
let meanwhile = null; // what was told while the list of those who are there was on its way

const signalIn = (map, key, initial) => {
  if (!map.has(key)) map.set(key, signal(initial));
  return map.get(key);
};

export const isOnline = (id) =>
  isMe(id) || (isPresenceKnown.value && signalIn(online, id, false).value);
export const writersOf = (conversation) => signalIn(typing, conversation, []).value;

export async function loadPresence() {
  const news = (meanwhile = new Map());
  const there = new Set((await call("GET", "/presence")).online);
  for (const [id, isHere] of news) there[isHere ? "add" : "delete"](id);
  if (meanwhile === news) meanwhile = null;
  batch(() => {
    for (const [id, one] of online) one.value = there.has(id);
    for (const id of there) signalIn(online, id, true).value = true;
    isPresenceKnown.value = isHeard;
  });
}

// With a connection, which tells what changes.
export function hearPresence() {
  isHeard = true;
  return loadPresence();
}

// Without a connection: whoever was there may have gone.
export function doubtPresence() {
  isHeard = isPresenceKnown.value = false;
}

// Nobody tells who was there already when one gets to know them.
export const refreshPresence = settled(QUIET, () => loadPresence().catch(() => {}));

export function takePresence({ user_id, online: isHere }) {
  meanwhile?.set(user_id, isHere);
  signalIn(online, user_id, isHere).value = isHere;
}

export function takeTyping({ conversation, user_id, on }) {
  const key = `${conversation} ${user_id}`;
  clearTimeout(timers.get(key));
  timers.delete(key);
  const writers = signalIn(typing, conversation, []);
  if (!on && !writers.value.includes(user_id)) return;
  const others = writers.value.filter((id) => id !== user_id);
  if (on) {
    const stop = () => takeTyping({ conversation, user_id, on: false });
    timers.set(key, setTimeout(stop, TYPING));
  }
  writers.value = on ? [...others, user_id] : others;
}

export function clearPresence() {
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  doubtPresence();
  batch(() => {
    for (const one of online.values()) one.value = false;
    for (const one of typing.values()) one.value = [];
  });
}

// Whether somebody is there, and when they were last: {online, last_seen}, or null where that is
// not for oneself to know.
export const fetchPresence = (id) => call("GET", `/presence/${id}`).catch(() => null);

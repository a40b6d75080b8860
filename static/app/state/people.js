// People, as far as they are known here.

import { signal } from "../lib/html.js";
import { call } from "../net/api.js";
import { account } from "../net/session.js";
import { t } from "../lib/words.js";
import * as storage from "./storage.js";

// How many may be asked for at once.
const MOST = 200;
const UNKNOWN = { name: "…", language: "", avatar_url: null };

const people = new Map(); // id → a signal of the profile
let wanted = new Set();

export const isMe = (id) => id === account.value?.id;

// The profile of somebody; one that is not known yet is asked for and comes later.
export function person(id) {
  if (isMe(id)) return account.value;
  if (!people.has(id)) {
    people.set(id, signal({ ...UNKNOWN, id }));
    ask(id);
  }
  return people.get(id).value;
}

export const nameOf = (id) => (isMe(id) ? t("person.you") : person(id).name);

export function know(profile) {
  const known = people.get(profile.id);
  if (known && isSame(known.peek(), profile)) return;
  if (known) known.value = profile;
  else people.set(profile.id, signal(profile));
  storage.keep("people", profile.id, profile);
}

const isSame = (one, other) =>
  ["name", "language", "avatar_url"].every((field) => one[field] === other[field]);

// Others by the beginning of their name, or by their whole e-mail address.
export async function searchPeople(text) {
  const found = await call("GET", `/users/search?${new URLSearchParams({ q: text })}`);
  return found.filter(({ id }) => !isMe(id));
}

export async function recallPeople() {
  for (const profile of await storage.readAll("people")) {
    const known = people.get(profile.id);
    if (!known) people.set(profile.id, signal(profile));
    else if (known.peek().name === UNKNOWN.name) known.value = profile;
  }
}

// Reads anew what is known of people, such as after a long time away.
export function refreshPeople() {
  for (const id of people.keys()) ask(id);
}

export const clearPeople = () => people.clear();

// Those who are asked for in the same moment are asked for together.
function ask(id) {
  if (!wanted.size) setTimeout(fetchWanted);
  wanted.add(id);
}

async function fetchWanted() {
  const ids = [...wanted];
  wanted = new Set();
  for (let from = 0; from < ids.length; from += MOST) {
    const some = ids.slice(from, from + MOST);
    const found = await call("GET", `/users?ids=${some.join(",")}`).catch(() => null);
    found?.forEach(know);
    const missing = found && some.filter((one) => !found.some(({ id }) => id === one));
    for (const one of missing ?? []) know({ ...UNKNOWN, id: one, name: t("person.gone") });
  }
}

// How one keeps one's conversations: muted, hidden, read, and with whom one will not talk.

import { computed, effect, signal, untracked } from "../lib/html.js";
import { call, explain } from "../net/api.js";
import { account, changeSelf } from "../net/session.js";
import {
  change,
  conversationOf,
  groupIdOf,
  hasList,
  lastSeqOf,
  refreshList,
  remove,
  takeRead,
} from "./conversations.js";
import { isMember, seeGroup } from "./groups.js";
import { refreshPresence } from "./presence.js";
import { close, open } from "./route.js";
import { tellNote } from "./ui.js";

// Whom one has blocked.
export const blocked = computed(() => account.value?.blocked ?? []);
// A public group that was opened by its address and that one is not in, or null.
export const foreign = signal(null);

const keep = (id, changes) => call("PATCH", `/conversations/${id}`, changes);

export async function mute(id, muted) {
  await keep(id, { muted });
  change(id, { muted });
}

// Until the next message.
export async function hide(id) {
  await keep(id, { hidden: true });
  remove(id);
  // What was said meanwhile may have brought it back.
  refreshList();
  if (open.value === id) close();
}

export async function readAll(id) {
  const { read_seq } = await call("POST", `/conversations/${id}/read`, { seq: lastSeqOf(id) });
  takeRead(id, read_seq);
}

export const block = (userId) => setBlocked("POST", userId, [...others(userId), userId]);
export const unblock = (userId) => setBlocked("DELETE", userId, others(userId));

const others = (userId) => blocked.value.filter((id) => id !== userId);

async function setBlocked(method, userId, now) {
  await call(method, `/users/${userId}/block`);
  changeSelf({ ...account.value, blocked: now });
  refreshPresence();
}

// A conversation that is opened although it is not in the list was hidden, or is new.
async function meet(id) {
  foreign.value = null;
  try {
    const group = groupIdOf(id) && (await seeGroup(id));
    if (group && !isMember(group)) {
      foreign.value = group;
      return;
    }
    await keep(id, { hidden: false });
    refreshList();
  } catch (error) {
    if (error.status === 404 && open.value === id) leave(error);
  }
}

function leave(error) {
  close();
  tellNote(explain(error));
}

effect(() => {
  const id = hasList.value && account.value ? open.value : "";
  untracked(() => {
    foreign.value = null;
    if (id && !conversationOf(id)) meet(id);
  });
});

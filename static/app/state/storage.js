// What this browser keeps for when there is no server: the outbox, drafts, and what was read last.
// One database a person, so that nobody sees what another one left behind.

import { deleteDB, openDB } from "../../vendor/idb.js";

const VERSION = 1;
const STORES = ["conversations", "timelines", "people", "outbox", "drafts", "meta"];
const name = (userId) => `realchat-${userId}`;

let opened = Promise.resolve(null);

export function openStorage(userId) {
  opened = openDB(name(userId), VERSION, {
    upgrade(database) {
      for (const store of STORES) database.createObjectStore(store);
    },
    // Another tab signs out and deletes it.
    blocking: (before, after, { target }) => target.close(),
    // Some systems take it away from a page that sleeps.
    terminated: () => openStorage(userId),
    // Some browsers have none in a private window: then nothing outlasts the page.
  }).catch(() => null);
}

export async function deleteStorage(userId) {
  (await opened)?.close();
  opened = Promise.resolve(null);
  await deleteDB(name(userId)).catch(() => {});
}

// What was read may not outlast a session that was ended elsewhere; what was not sent yet may.
export async function forgetWhatWasRead() {
  for (const store of STORES.filter((one) => !["outbox", "drafts"].includes(one)))
    await attempt((database) => database.clear(store));
}

export const read = (store, key) => attempt((database) => database.get(store, key));
export const readAll = async (store) => (await attempt((database) => database.getAll(store))) ?? [];
export const keep = (store, key, value) => change([{ store, key, value }]);
export const discard = (store, key) => change([{ store, key }]);

// Keeps these and nothing else.
export const replaceAll = (store, entries) =>
  attempt(async (database) => {
    const change = database.transaction(store, "readwrite");
    change.store.clear();
    for (const [key, value] of entries) change.store.put(value, key);
    commit(change);
    await change.done;
  });

// Keeps all of these or none, `{store, key, value}`; what has no value is discarded. Tells
// whether they are kept.
export const change = (entries) =>
  attempt(async (database) => {
    if (!entries.length) return true;
    const names = [...new Set(entries.map(({ store }) => store))];
    const transaction = database.transaction(names, "readwrite");
    for (const { store, key, value } of entries) {
      const place = transaction.objectStore(store);
      if (value === undefined) place.delete(key);
      else place.put(value, key);
    }
    commit(transaction);
    await transaction.done;
    return true;
  });

// At once: a page that is left now does not wait for it.
const commit = (transaction) => transaction.commit?.();

// A full or closed database costs what would have been kept, never the page.
async function attempt(run) {
  const database = await opened;
  if (!database) return undefined;
  try {
    return await run(database);
  } catch {
    return undefined;
  }
}

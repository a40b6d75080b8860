// The chat behind the way in: whoever signs in gets what is theirs, and leaves it again.

import { effect, untracked } from "./lib/html.js";
import { account, parting } from "./net/session.js";
import { lookForNew, startWorker } from "./net/worker.js";
import { clearUploads, isUploading } from "./state/attaching.js";
import { startNotifications } from "./state/notifications.js";
import { isAtRisk } from "./state/outbox.js";
import { forgetRoute } from "./state/route.js";
import { isUnkept } from "./state/self.js";
import { startShortcuts } from "./state/shortcuts.js";
import { deleteStorage, forgetWhatWasRead } from "./state/storage.js";
import { connection, startSync, stopSync } from "./state/sync.js";
import { closeDialog, offerVersion } from "./state/ui.js";

export { Chat } from "./views/chat.js";

let isStarted = false;
let present = null; // the id of the one whose page this is
// What one's coming and going still have to do.
let coming = Promise.resolve();
let going = null;

export function startChat() {
  if (isStarted) return;
  isStarted = true;
  effect(() => {
    const id = account.value?.id ?? null;
    untracked(() => change(id));
  });
  startNotifications();
  startShortcuts();
  startWorker(offerVersion);
  // A server that comes back may be a newer one.
  effect(() => {
    if (connection.value.state === "open") lookForNew();
  });
  // Only where something would be lost: what is written is kept.
  addEventListener("beforeunload", (event) => {
    if (isUploading() || isAtRisk() || isUnkept()) event.preventDefault();
  });
}

async function change(id) {
  if (id === present) return;
  if (present) going = leave(present);
  present = id;
  if (going) await going;
  if (!id || id !== present) return;
  coming = startSync();
  await coming;
}

async function leave(id) {
  const [before, begun, isOver] = [going, coming, Boolean(parting.value)];
  closeDialog();
  clearUploads();
  forgetRoute();
  stopSync();
  await before;
  // What was still being recalled is there now, and may not be the next one's.
  await begun.catch(() => {});
  stopSync();
  // Whoever signs out leaves nothing behind; what a lost session had not sent yet is kept.
  await (isOver ? forgetWhatWasRead() : deleteStorage(id));
}

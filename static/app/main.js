// Where the page begins: its words, who is signed in, and what is kept the same as the server's.

import { effect, html, render, untracked } from "./lib/html.js";
import { useWords } from "./lib/words.js";
import { account, parting } from "./net/session.js";
import { clearUploads, isUploading } from "./state/attaching.js";
import { startNotifications } from "./state/notifications.js";
import { isAtRisk } from "./state/outbox.js";
import { startShortcuts } from "./state/shortcuts.js";
import { forgetRoute } from "./state/route.js";
import { deleteStorage, forgetWhatWasRead } from "./state/storage.js";
import { startSync, stopSync } from "./state/sync.js";
import { closeDialog } from "./state/ui.js";
import { App } from "./views/app.js";

let present = null; // the id of the one whose page this is

async function enter(id) {
  present = id;
  await startSync();
}

async function leave() {
  const id = present;
  present = null;
  closeDialog();
  clearUploads();
  forgetRoute();
  stopSync();
  // Whoever signs out leaves nothing behind; what a lost session had not sent yet is kept.
  await (parting.value ? forgetWhatWasRead() : deleteStorage(id));
}

await useWords(account.value?.language);
effect(() => {
  const id = account.value?.id ?? null;
  untracked(async () => {
    if (present && present !== id) await leave();
    if (id && !present) await enter(id);
  });
});
effect(() => {
  const language = account.value?.language;
  untracked(() => useWords(language));
});
startNotifications();
startShortcuts();
// Only where something would be lost: what is written is kept.
addEventListener("beforeunload", (event) => {
  if (isUploading() || isAtRisk()) event.preventDefault();
});
render(html`<${App} />`, document.getElementById("app"));

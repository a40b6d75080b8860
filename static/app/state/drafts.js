// What is being written in each conversation, and not sent yet. It outlasts a reload, and all tabs
// show the same.

import { signal } from "../lib/html.js";
import { written } from "../lib/timing.js";
import { account } from "../net/session.js";
import * as storage from "./storage.js";

// What this tab left behind, for the page that comes next in it.
const LEFT = "realchat.left";
// Milliseconds of quiet after which it is kept; whoever leaves the page in the middle of a word finds
// the whole of it again.
const QUIET = 150;
// Milliseconds for which the server keeps files that are not shared yet, less an hour.
const FILES_LAST = 23 * 3_600_000;

// `text`; `reply`, the message that is answered; `edit: {message, text}`, one that is changed
// meanwhile; `files: [{key, name, size, type, at, status, attachment?, error?}]`; `isQueued`, to
// be sent as soon as its files are there.
const NOTHING = { text: "", reply: null, edit: null, files: [], isQueued: false };

// conversation → { draft: a signal; save; isChanged, since it was kept; isOwn: written in this tab;
// ending: it was emptied in this tab, and the database may not know of it yet }.
// What is shown is subscribed to a signal, so one that was made stays the conversation's for ever.
const drafts = new Map();
const tabs = new BroadcastChannel("realchat-drafts");

export const draftOf = (conversation) => entry(conversation).draft.value;
export const peekDraft = (conversation) => entry(conversation).draft.peek();

// What is written in the field now: a message, or another one's new text.
export const writtenIn = ({ edit, text }) => (edit ? edit.text : text);

export function changeDraft(conversation, changes) {
  const known = entry(conversation);
  known.draft.value = { ...known.draft.peek(), ...changes };
  known.isChanged = known.isOwn = true;
  known.save();
}

export function write(conversation, text) {
  const { edit } = peekDraft(conversation);
  changeDraft(conversation, edit ? { edit: { ...edit, text } } : { text });
}

// Empties a draft; returns what has to be stored together with the message that it becomes.
export function endDraft(conversation) {
  const known = entry(conversation);
  const ended = known.draft.peek().text;
  known.draft.value = NOTHING;
  known.isChanged = known.isOwn = false;
  tell(conversation, { text: "", reply: null, edit: null, files: [] }, ended);
  return [{ store: "drafts", key: conversation }];
}

export async function recallDrafts() {
  for (const one of takeLeft()) {
    recall(one);
    changeDraft(one.conversation, {});
  }
  (await storage.readAll("drafts")).forEach(recall);
}

function recall({ conversation, ...kept }) {
  const files = kept.files.filter(({ at }) => Date.now() - at < FILES_LAST);
  const { draft } = entry(conversation);
  if (draft.peek() === NOTHING) draft.value = { ...NOTHING, ...kept, files };
}

export function clearDrafts() {
  sessionStorage.removeItem(LEFT);
  for (const known of drafts.values()) {
    known.draft.value = NOTHING;
    known.isChanged = known.isOwn = false;
    known.ending = null;
  }
}

function entry(conversation) {
  if (!drafts.has(conversation)) {
    const save = written(QUIET, () => keep(conversation));
    drafts.set(conversation, { draft: signal(NOTHING), save, isChanged: false, isOwn: false });
  }
  return drafts.get(conversation);
}

function keep(conversation) {
  const known = drafts.get(conversation);
  if (!known?.isChanged) return;
  known.isChanged = false;
  const kept = lasting(known.draft.peek());
  const { text, reply, edit } = kept;
  const isAny = text || reply || edit || kept.files.length;
  known.isOwn = Boolean(isAny);
  const ending = (known.ending = isAny ? null : {});
  const value = isAny ? { conversation, ...kept } : undefined;
  storage.change([{ store: "drafts", key: conversation, value }]).then((isKept) => {
    if (isKept && known.ending === ending) known.ending = null;
  });
  tell(conversation, kept);
}

const lasting = ({ text, reply, edit, files }) => ({
  text,
  reply,
  edit,
  files: files.filter(isDone),
});

const isDone = ({ attachment }) => Boolean(attachment);

const tell = (conversation, kept, ended) =>
  tabs.postMessage({ user: account.peek()?.id, conversation, kept, ended });

// Another tab wrote, or sent what it had `ended`. What is being written or uploaded in this one is
// not lost by that.
tabs.onmessage = ({ data: { user, conversation, kept, ended } }) => {
  if (!user || user !== account.peek()?.id) return;
  const known = entry(conversation);
  const { draft } = known;
  if (known.isOwn && draft.peek().text !== ended) {
    if (ended !== undefined) changeDraft(conversation, {});
    return;
  }
  const files = draft.peek().files.filter((one) => !isDone(one));
  draft.value = { ...draft.peek(), ...kept, files: [...kept.files, ...files] };
  known.isOwn = files.length > 0;
  known.ending = null;
};

// What a page that is left writes to a database may come too late for the page that follows. This
// is there at once, in the same tab.
addEventListener("pagehide", () => {
  const own = [...drafts].filter(([, { isOwn, ending }]) => isOwn || ending);
  const left = own.map(([conversation, { draft }]) => ({ conversation, ...lasting(draft.peek()) }));
  try {
    sessionStorage.setItem(LEFT, JSON.stringify({ user: account.peek()?.id, left }));
  } catch {
    sessionStorage.removeItem(LEFT); // full: then the database has to do
  }
});

function takeLeft() {
  const { user, left } = JSON.parse(sessionStorage.getItem(LEFT)) ?? {};
  sessionStorage.removeItem(LEFT);
  return user && user === account.peek()?.id ? left : [];
}

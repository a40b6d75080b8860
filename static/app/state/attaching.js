// Files on their way into a draft: uploads that go on while another conversation is open.

import { effect, signal, untracked } from "../lib/html.js";
import { upload } from "../net/uploads.js";
import { changeDraft, peekDraft } from "./drafts.js";
import { newId } from "./outbox.js";
import { connection, limits } from "./sync.js";

// Bytes of a picture that the page may well show before it is sent.
const SHOWN = 25_000_000;
const PICTURES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

const works = new Map(); // key → { conversation, file, picture, progress: a signal, abort, done }

export const progressOf = (key) => works.get(key)?.progress.value ?? 0;

// The address of a picture to show of a file, if there is one.
export function pictureOf({ key, type, attachment }) {
  const url = works.get(key)?.picture ?? attachment?.url;
  return PICTURES.test(type) ? url : undefined;
}

// Adds files to a draft; returns those that do not fit: {tooLarge: [file], tooMany: [file]}.
export function attach(conversation, files) {
  const { files: most, file_size: largest } = limits.value;
  const fitting = files.filter(({ size }) => size <= largest);
  const room = Math.max(0, most - peekDraft(conversation).files.length);
  for (const file of fitting.slice(0, room)) add(conversation, file);
  return { tooLarge: files.filter(({ size }) => size > largest), tooMany: fitting.slice(room) };
}

export function detach(conversation, key) {
  release(key);
  const { files } = peekDraft(conversation);
  changeDraft(conversation, { files: files.filter((one) => one.key !== key) });
}

// Lets go of what only the page needs of files.
export function release(key) {
  const work = works.get(key);
  works.delete(key);
  work?.abort();
  if (work?.picture) URL.revokeObjectURL(work.picture);
}

export function retryUpload(key) {
  const work = works.get(key);
  work.progress.value = 0;
  change(work.conversation, key, { status: "sending", error: undefined });
  start(key);
}

// Settles once nothing of a draft is on its way any more.
export async function uploadsOf(conversation) {
  for (;;) {
    const going = peekDraft(conversation).files.filter(({ status }) => status === "sending");
    if (!going.length) return;
    await Promise.all(going.map(({ key }) => works.get(key)?.done));
  }
}

export const isUploading = () => [...works.values()].some(({ isGoing }) => isGoing);

export const clearUploads = () => [...works.keys()].forEach(release);

function add(conversation, file) {
  const { name, size, type } = file;
  const key = newId();
  const isShown = PICTURES.test(type) && size < SHOWN;
  const picture = isShown ? URL.createObjectURL(file) : undefined;
  works.set(key, { conversation, file, picture, progress: signal(0) });
  const { files } = peekDraft(conversation);
  const added = { key, name, size, type, at: Date.now(), status: "sending" };
  changeDraft(conversation, { files: [...files, added] });
  start(key);
}

function start(key) {
  const work = works.get(key);
  const { done, abort } = upload(work.file, (part) => (work.progress.value = part));
  Object.assign(work, { abort, isGoing: true, done: finish(key, work, done) });
}

async function finish(key, work, done) {
  try {
    const attachment = await done;
    change(work.conversation, key, { status: "done", attachment });
  } catch (error) {
    if (error.name !== "AbortError") change(work.conversation, key, { status: "failed", error });
  }
  work.isGoing = false;
}

function change(conversation, key, changes) {
  const { files } = peekDraft(conversation);
  changeDraft(conversation, {
    files: files.map((one) => (one.key === key ? { ...one, ...changes } : one)),
  });
}

// What failed for want of a connection is tried again with the next one.
function retryLost() {
  for (const [key, { conversation }] of works) {
    const file = peekDraft(conversation).files.find((one) => one.key === key);
    if (file?.error?.code === "offline") retryUpload(key);
  }
}

addEventListener("online", retryLost);
effect(() => connection.value.state === "open" && untracked(retryLost));

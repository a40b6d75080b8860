// Making a message of a draft: at once, or as soon as its files are there.

import { release, uploadsOf } from "./attaching.js";
import { changeDraft, endDraft, peekDraft, writtenIn } from "./drafts.js";
import { send } from "./outbox.js";
import { limits } from "./sync.js";

// Characters from which on it is worth counting them one by one.
const FEW = 9_000;

const has = (files, wanted) => files.some(({ status }) => status === wanted);

// As the server counts: an emoji of two halves is one.
export const lengthOf = (text) => (text.length < FEW ? text.length : [...text].length);

// Why what is written cannot go out: "empty", "long", or "files" that failed; or nothing.
export function hindrance(draft) {
  const text = writtenIn(draft);
  if (lengthOf(text) > limits.value.content) return "long";
  if (draft.edit) return text.trim() || draft.edit.message.files?.length ? "" : "empty";
  if (has(draft.files, "failed")) return "files";
  return text.trim() || draft.files.length ? "" : "empty";
}

// Sends a draft. Where its files are still on their way, it stays a draft until they are there,
// and one if something becomes of them or of the page.
export async function sendDraft(conversation) {
  if (has(peekDraft(conversation).files, "sending")) {
    changeDraft(conversation, { isQueued: true });
    await uploadsOf(conversation);
    if (!peekDraft(conversation).isQueued) return;
    changeDraft(conversation, { isQueued: false });
  }
  if (!hindrance(peekDraft(conversation))) dispatch(conversation);
}

function dispatch(conversation) {
  const { text, files, reply } = peekDraft(conversation);
  const attachments = files.map(({ attachment }) => attachment);
  const message = { conversation, content: text, attachments, reply_to: reply?.id };
  send(message, endDraft(conversation));
  for (const { key } of files) release(key);
}

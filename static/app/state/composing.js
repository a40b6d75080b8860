// What the field for writing is about: nothing, a message that is answered, or one that is changed.

import { computed } from "../lib/html.js";
import { call } from "../net/api.js";
import { changeDraft, draftOf, peekDraft } from "./drafts.js";
import { isMe } from "./people.js";
import { open } from "./route.js";
import { timelineOf } from "./timelines.js";

// {kind: "reply" | "edit", message}, or null.
export const context = computed(() => {
  const { edit: changed, reply: answered } = open.value ? draftOf(open.value) : {};
  if (changed) return { kind: "edit", message: changed.message };
  return answered ? { kind: "reply", message: answered } : null;
});

export const reply = (message) => changeDraft(message.conversation, { reply: message, edit: null });

export const edit = (message) =>
  changeDraft(message.conversation, { edit: { message, text: message.content } });

export function endContext(conversation = open.value) {
  const { edit: changed } = peekDraft(conversation);
  changeDraft(conversation, changed ? { edit: null } : { reply: null });
}

// Changes the last message of one's own that is here; tells whether there is one.
export function editLast(conversation) {
  const { messages } = timelineOf(conversation);
  const isOwn = ({ sender_id, content, deleted }) => isMe(sender_id) && content && !deleted;
  const last = messages.peek().findLast(isOwn);
  if (last) edit(last);
  return Boolean(last);
}

export async function saveEdit(conversation) {
  const { message, text } = peekDraft(conversation).edit;
  if (text !== message.content) await call("PATCH", `/messages/${message.id}`, { content: text });
  const now = peekDraft(conversation).edit;
  // Another one may be being changed by now, or the same one further.
  if (now?.message.id !== message.id) return;
  const isFurther = now.text !== text;
  const saved = { ...now, message: { ...now.message, content: text } };
  changeDraft(conversation, { edit: isFurther ? saved : null });
}

// Everything that can be done with a message, for its menu and its keys.

import { explain } from "../../net/api.js";
import { t } from "../../lib/words.js";
import { edit, reply } from "../../state/composing.js";
import { isAdmin } from "../../state/conversations.js";
import { isOriginal, react, remove, shownText, toggleOriginal } from "../../state/messages.js";
import { isMe } from "../../state/people.js";
import { openDialog, tellNote } from "../../state/ui.js";
import { beside } from "./active.js";
import { isLacking, isReady } from "./translation.js";

export const reactTo = (message, emoji) =>
  react(message, emoji).catch((error) => tellNote(explain(error)));

async function copy(message) {
  try {
    await navigator.clipboard.writeText(shownText(message).text);
    tellNote(t("message.copied"));
  } catch {
    // No clipboard without https, or it was not allowed.
    tellNote(t("message.notCopied"));
  }
}

const askToDelete = (message) =>
  openDialog("confirm", {
    title: t("message.deleteTitle"),
    text: t("message.deleteText"),
    action: t("message.delete"),
    run: () => remove(message),
  });

const isMine = ({ sender_id }) => isMe(sender_id);

const DEEDS = [
  { key: "r", icon: "reply", label: () => "message.reply", run: reply },
  {
    key: "+",
    icon: "smile",
    label: () => "message.react",
    run: (message, anchor) => (beside.value = { kind: "emoji", message, anchor }),
  },
  { key: "c", icon: "copy", label: () => "message.copy", run: copy, may: ({ content }) => content },
  {
    key: "o",
    icon: "globe",
    label: ({ id }) => (isOriginal(id) ? "message.showTranslation" : "message.showOriginal"),
    run: ({ id }) => toggleOriginal(id),
    may: isReady,
  },
  {
    icon: "edit",
    label: (message) => (isReady(message) ? "message.improve" : "message.translate"),
    run: (message) => openDialog("correct", { message }),
    may: (message) => isReady(message) || isLacking(message),
  },
  {
    key: "e",
    icon: "edit",
    label: () => "message.edit",
    run: edit,
    may: (message) => isMine(message) && message.content,
  },
  {
    key: "Delete",
    icon: "trash",
    label: () => "message.delete",
    isDanger: true,
    run: askToDelete,
    may: (message) => isMine(message) || isAdmin(message.conversation),
  },
];

const possible = (message) => DEEDS.filter(({ may }) => !may || may(message));

// `anchor` is the element that what opens is beside.
export const deedsFor = (message, anchor) =>
  possible(message).map(({ icon, label, isDanger, run }) => ({
    icon,
    isDanger,
    label: t(label(message)),
    run: () => run(message, anchor),
  }));

// Does what a key stands for; tells whether it does.
export function doByKey(key, message, anchor) {
  const deed = !message.deleted && possible(message).find((one) => one.key === key);
  if (deed) deed.run(message, anchor);
  return Boolean(deed);
}

// The keys of the page: one table of which both what they do and the help are made.

import { account } from "../net/session.js";
import { close, open } from "./route.js";
import { settings } from "./settings.js";
import { closeDialog, dialog, openDialog } from "./ui.js";

const FIELDS = "input, textarea, select, [contenteditable]";
// What has keys of its own.
const OVERLAYS = "[role=menu], [role=listbox], [role=dialog], dialog";

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

// `keys`: each a way to do it, as its modifiers and `KeyboardEvent.key`; "Mod" is ⌘ on a Mac, Ctrl
// elsewhere. What has no `run` belongs to the part of the page that has the focus.
export const SHORTCUTS = [
  {
    name: "help.everywhere",
    keys: [
      { keys: ["?"], words: "help.help", run: () => openDialog("help") },
      { keys: ["Mod+k", "/"], words: "help.search", run: searchPeople },
      { keys: ["Alt+ArrowUp"], words: "help.previous" },
      { keys: ["Alt+ArrowDown"], words: "help.next" },
      { keys: ["n"], words: "help.group", run: () => openDialog("new-group") },
      { keys: ["Escape"], words: "help.back", run: () => open.value && close() },
    ],
  },
  {
    name: "help.writing",
    keys: [
      { keys: ["Enter"], words: "help.send" },
      { keys: ["Shift+Enter"], words: "help.line" },
      { keys: ["Mod+Enter"], words: "help.send-always" },
      { keys: ["ArrowUp"], words: "help.edit-last" },
      { keys: ["@"], words: "help.mention" },
      { keys: ["Escape"], words: "help.cancel" },
    ],
  },
  {
    name: "help.messages",
    keys: [
      { keys: ["ArrowUp", "ArrowDown"], words: "help.move" },
      { keys: ["r"], words: "help.reply" },
      { keys: ["e"], words: "help.edit" },
      { keys: ["c"], words: "help.copy" },
      { keys: ["o"], words: "help.original" },
      { keys: ["+"], words: "help.react" },
      { keys: ["Delete"], words: "help.delete" },
    ],
  },
];

const OURS = SHORTCUTS.flatMap(({ keys }) => keys).filter(({ run }) => run);

export function startShortcuts() {
  addEventListener("keydown", (event) => {
    if (!account.value || event.defaultPrevented || event.isComposing) return;
    if (dialog.value) return giveUp(event);
    const isBusy = event.target.closest?.(OVERLAYS);
    const found = OURS.find(({ keys }) => keys.some((key) => fits(event, key)));
    if (!found || isBusy) return;
    event.preventDefault();
    found.run();
  });
}

// A dialog closes by itself on Escape; one that is still being fetched cannot.
function giveUp({ key }) {
  if (key === "Escape" && !document.querySelector("dialog[open]")) closeDialog();
}

function fits(event, combination) {
  const [key, ...modifiers] = combination.split(/\+(?=.)/).reverse();
  if (event.key.toLowerCase() !== key.toLowerCase()) return false;
  const { altKey, ctrlKey, metaKey } = event;
  if (!modifiers.length) return isSingle(event, key) && !altKey && !ctrlKey && !metaKey;
  const wantsMod = modifiers.includes("Mod");
  return (isMac ? metaKey : ctrlKey) === wantsMod && altKey === modifiers.includes("Alt");
}

// A key alone is for typing wherever one types, but for the way out of where one writes, and can be
// switched off for those who speak to their computer (WCAG 2.1.4).
function isSingle({ target }, key) {
  if (target.closest?.(FIELDS)) return key === "Escape" && target.matches("textarea");
  return key.length > 1 || settings.value.shortcuts;
}

// On a phone the list is not there beside a conversation.
async function searchPeople() {
  const field = () => document.querySelector(".side input[type=search]");
  if (open.value && !field()?.offsetParent) {
    close();
    await new Promise(requestAnimationFrame);
  }
  field()?.focus();
}

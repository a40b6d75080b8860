// Which conversation is open, as the address says: a reload and the back button keep it.

import { signal } from "../lib/html.js";

const CONVERSATION = /^#(dm:[0-9a-f]{24}:[0-9a-f]{24}|group:[0-9a-f]{24})$/;
const INVITE = /^#join:([\w-]{8,200})$/;

// The id of the open conversation, and an invite that was followed here; empty where there is none.
export const open = signal("");
export const invite = signal("");

export const inviteLink = (token) => `${location.origin}/#join:${token}`;

export function show(conversation) {
  if (open.value !== conversation) location.hash = conversation;
}

export function dismissInvite() {
  invite.value = "";
  history.replaceState(null, "", location.pathname + (open.value ? `#${open.value}` : ""));
}

export function close() {
  // Back to where the list was, so that the back button does not come here again.
  history.pushState(null, "", location.pathname);
  follow();
}

// Whoever comes next is not shown what was open.
export function forgetRoute() {
  history.replaceState(null, "", location.pathname);
  invite.value = "";
  follow();
}

function follow() {
  const joins = INVITE.exec(location.hash);
  if (joins) invite.value = joins[1];
  else open.value = CONVERSATION.exec(location.hash)?.[1] ?? "";
}

addEventListener("hashchange", follow);
addEventListener("popstate", follow);
follow();

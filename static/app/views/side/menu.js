// What can be done with a whole conversation, in its row and above what was said in it.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { explain } from "../../net/api.js";
import { conversationOf, peerOf, titleOf } from "../../state/conversations.js";
import { leaveGroup } from "../../state/groups.js";
import { blocked, hide, mute, readAll, unblock } from "../../state/keeping.js";
import { person } from "../../state/people.js";
import { openDialog, tellNote } from "../../state/ui.js";
import { Menu } from "../common/menu.js";

export const ConversationMenu = ({ id, opened, isTabbed = true }) => html`
  <${Menu}
    label=${t("side.menu", { name: titleOf(id) })}
    items=${() => itemsOf(id)}
    opened=${opened}
    isTabbed=${isTabbed}
  />
`;

function itemsOf(id) {
  const known = conversationOf(id);
  const item = (name, icon, run, more) => ({ label: t(`side.${name}`), icon, run, ...more });
  return [
    known?.unread && item("mark_read", "checks", () => attempt(() => readAll(id))),
    item("search_in", "search", () => openDialog("search", { conversation: id })),
    known && muting(id, known.muted, item),
    known?.last_message && item("hide", "eyeOff", () => attempt(() => hideAndTell(id))),
    ...(peerOf(id) ? direct(peerOf(id), item) : group(id, item)),
  ].filter(Boolean);
}

const muting = (id, muted, item) =>
  muted
    ? item("unmute", "bell", () => attempt(() => mute(id, false)))
    : item("mute", "bellOff", () => attempt(() => mute(id, true)));

function direct(userId, item) {
  if (!blocked.value.includes(userId))
    return [item("block", "block", () => openDialog("block", { userId }), { isDanger: true })];
  const { name } = person(userId);
  const free = () => attempt(() => unblock(userId), t("side.unblocked", { name }));
  return [item("unblock", "check", free)];
}

const group = (id, item) => [
  item("group", "group", () => openDialog("group", { conversation: id })),
  item("leave", "leave", () => askToLeave(id), { isDanger: true }),
];

export function askToLeave(id, back) {
  openDialog("confirm", {
    title: t("groups.leave_title", { name: titleOf(id) }),
    text: t("groups.leave_text"),
    action: t("groups.leave"),
    run: () => leaveGroup(id),
    back,
  });
}

async function hideAndTell(id) {
  await hide(id);
  tellNote(t("side.hidden"));
}

async function attempt(run, done) {
  try {
    await run();
    if (done) tellNote(done);
  } catch (error) {
    tellNote(explain(error));
  }
}

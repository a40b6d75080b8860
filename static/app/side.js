// The side of the page: oneself, the people found, and one's conversations.

import { dot } from "./about.js";
import { call, changeSelf } from "./api.js";
import { $, attempt, element, fillLanguages, preview, renew, timeOf } from "./dom.js";
import { wireFinder } from "./finder.js";
import { become, conversations, keyOf, me, nameOf, peerOf, titleOf, unreadOf } from "./state.js";

const note = (text) => ($("side-note").textContent = text);
const activity = ({ last_message, group }) => last_message?.created_at ?? group?.created_at ?? "";
const isLater = (one, other) => (activity(one) < activity(other) ? 1 : -1);

export function showSide(open) {
  $("self-name").textContent = me().name;
  if ($("self-language").value !== me().language) fillLanguages($("self-language"), me().language);
  const list = [...conversations.values()].sort(isLater);
  const focused = $("list").contains(document.activeElement) && document.activeElement.hash;
  renew(
    $("list"),
    list.map((one) => row(one, open)),
  );
  const links = [...$("list").querySelectorAll("a")];
  if (focused) links.find((link) => link.hash === focused)?.focus();
  $("none").hidden = list.length > 0;
  const waiting = list.reduce((sum, one) => sum + unreadOf(one), 0);
  document.title = waiting ? `(${waiting}) RealChat` : "RealChat";
}

function row(conversation, open) {
  const { id, last_message: last } = conversation;
  const unread = unreadOf(conversation);
  const peer = peerOf(id);
  const who = last && !peer ? `${nameOf(last.sender_id)}: ` : "";
  return element(
    "li",
    {},
    element(
      "a",
      { href: `#${id}`, ...(id === open && { ariaCurrent: "page" }) },
      peer ? dot(peer) : element("span", { className: "dot group", ariaHidden: "true" }),
      element("strong", { dir: "auto" }, titleOf(id)),
      element("time", {}, last ? timeOf(last.created_at) : ""),
      element(
        "span",
        { className: "last", dir: "auto", lang: last?.content_lang ?? "" },
        last ? who + preview(last) : "Nothing said yet",
      ),
      unread
        ? element("span", { className: "badge", ariaLabel: `${unread} unread` }, String(unread))
        : null,
    ),
  );
}

async function chooseLanguage(reread) {
  const { user } = await call("PATCH", "/auth/me", { language: $("self-language").value });
  changeSelf(user);
  become(user);
  await reread();
}

// `open(id)` opens a conversation; `reread` reads everything anew in another language.
export function wireSide(open, reread) {
  wireFinder($("people"), $("found"), note, (one) => open(keyOf(one.id)));
  $("self-language").onchange = async () => {
    await attempt(note, () => chooseLanguage(reread));
    $("self-language").value = me().language;
  };
}

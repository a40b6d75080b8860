// The side of the page: oneself, the people found, one's conversations, and the ways into groups.

import { call, changeSelf } from "./api.js";
import { $, element, explain, fillLanguages, languageName, preview, settled, timeOf } from "./dom.js";
import { addGroup, become, conversations, keyOf, know, me, nameOf, online, peerOf, titleOf, unreadOf } from "./state.js";

const chosen = new Map();

export function showSide(open) {
  $("self-name").textContent = me().name;
  if (document.activeElement !== $("self-language")) fillLanguages($("self-language"), me().language);
  const list = [...conversations.values()].sort((one, other) => (activity(one) < activity(other) ? 1 : -1));
  const focused = document.activeElement?.hash;
  $("list").replaceChildren(...list.map((one) => row(one, open)));
  if (focused) [...$("list").querySelectorAll("a")].find((link) => link.hash === focused)?.focus();
  const waiting = list.reduce((sum, one) => sum + unreadOf(one), 0);
  document.title = waiting ? `(${waiting}) RealChat` : "RealChat";
  if (!$("people").value) $("side-note").textContent = list.length ? "" : "No conversations yet. Search for somebody above.";
}

const activity = ({ last_message, group }) => last_message?.created_at ?? group?.created_at ?? "";

export function dot(id) {
  const here = online.has(id) || id === me().id;
  return element("span", { className: here ? "dot on" : "dot", role: "img", ariaLabel: here ? "online" : "offline" });
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
      element("span", { className: "last", dir: "auto" }, last ? who + preview(last) : "Nothing said yet"),
      unread ? element("span", { className: "badge", ariaLabel: `${unread} unread` }, String(unread)) : null,
    ),
  );
}

// A field that finds people; what is chosen of them is passed on.
function finder(field, list, note, choose) {
  const find = settled(250, async () => {
    const asked = field.value.trim();
    try {
      const found = asked ? await call("GET", `/users/search?${new URLSearchParams({ q: asked })}`) : [];
      if (asked !== field.value.trim()) return;
      const others = found.filter((one) => one.id !== me().id);
      list.hidden = !others.length;
      list.replaceChildren(...others.map((one) => element("li", {}, button(one))));
      note.textContent = asked && !others.length ? "Nobody found." : "";
    } catch (error) {
      note.textContent = explain(error);
    }
  });
  const button = (one) =>
    element(
      "button",
      { type: "button", onclick: () => (know(one), empty(), choose(one)) },
      element("strong", { dir: "auto" }, one.name),
      element("span", { className: "quiet" }, languageName(one.language)),
    );
  const empty = () => {
    field.value = note.textContent = "";
    list.hidden = true;
    list.replaceChildren();
  };
  field.oninput = find;
  field.onkeydown = (event) => event.key === "Escape" && empty();
}

export function wireSide(open, reread) {
  finder($("people"), $("found"), $("side-note"), (one) => open(keyOf(one.id)));
  finder($("group-people"), $("group-found"), $("group-error"), (one) => {
    chosen.set(one.id, one);
    showChosen();
    $("group-people").focus();
  });
  // Enter in the search field is not the end of the form.
  $("group-people").addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  submit("new-group", "group-error", async () => {
    const members = [...chosen.keys()];
    const group = await call("POST", "/groups", { name: $("group-name").value, members, private: $("group-private").checked });
    chosen.clear();
    showChosen();
    open(addGroup(group));
  });
  submit("join-group", "join-error", async () => {
    const key = $("join-key").value.trim();
    const group = await call("POST", "/groups/join", /^[0-9a-f]{24}$/.test(key) ? { group_id: key } : { invite: key });
    open(addGroup(group));
  });
  $("self-language").onchange = async () => {
    try {
      const { user } = await call("PATCH", "/auth/me", { language: $("self-language").value });
      changeSelf(user);
      become(user);
      await reread();
    } catch (error) {
      $("side-note").textContent = explain(error);
      fillLanguages($("self-language"), me().language);
    }
  };
}

function submit(id, note, run) {
  const form = $(id).querySelector("form");
  form.onsubmit = async (event) => {
    event.preventDefault();
    $(note).textContent = "";
    try {
      await run();
      form.reset();
      $(id).open = false;
    } catch (error) {
      $(note).textContent = explain(error);
    }
  };
}

function showChosen() {
  const remove = (one) => () => (chosen.delete(one.id), showChosen());
  const items = [...chosen.values()].map((one) =>
    element(
      "li",
      { dir: "auto" },
      one.name,
      element("button", { type: "button", className: "link", ariaLabel: `Leave out ${one.name}`, onclick: remove(one) }, "×"),
    ),
  );
  $("group-members").replaceChildren(...items);
}

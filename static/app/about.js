// The head of the open conversation: who it is with, and what can be done with a group.

import { call } from "./api.js";
import { $, attempt, element, languageName, renew } from "./dom.js";
import { apply, conversations, me, online, peerOf, person, titleOf } from "./state.js";

const isHere = (id) => online.has(id) || id === me().id;
let group = null;

export function dot(id) {
  const here = isHere(id);
  return element("span", {
    className: here ? "dot on" : "dot",
    role: "img",
    ariaLabel: here ? "online" : "offline",
  });
}

export function showAbout(open) {
  const peer = peerOf(open);
  group = conversations.get(open)?.group ?? null;
  $("title").textContent = titleOf(open);
  $("subtitle").textContent = peer ? presence(open, peer) : count();
  $("subtitle").classList.toggle("here", Boolean(peer) && isHere(peer));
  $("about").hidden = !group;
  if (!group) return hideDetails();
  renew($("members"), group.members.map(member));
  $("group-note").textContent = group.private
    ? "Only with an invite."
    : "Open to whoever has its id.";
  $("group-id").textContent = group.id;
  $("make-invite").hidden = !["owner", "admin"].includes(group.roles[me().id]);
}

export function hideDetails() {
  $("details").hidden = true;
  $("about").ariaExpanded = "false";
  $("invite").textContent = "";
}

// Who shares no conversation with somebody does not get to know whether they are there.
function presence(open, peer) {
  if (isHere(peer)) return "online";
  const { language } = person(peer);
  return conversations.has(open) ? "offline" : language ? `reads ${languageName(language)}` : "";
}

function count() {
  if (!group) return "";
  const all = group.members.length;
  return `${all} ${all === 1 ? "member" : "members"}, ${group.members.filter(isHere).length} online`;
}

const member = (id) =>
  element(
    "li",
    { dir: "auto" },
    dot(id),
    ` ${person(id).name} `,
    element("span", { className: "quiet" }, group.roles[id]),
  );

async function invite() {
  const { invite: made } = await call("POST", `/groups/${group.id}/invite`);
  $("invite").textContent = `Invite, good for 7 days: ${made}`;
}

async function leave() {
  const { id, name } = group;
  if (!confirm(`Leave “${name}”?`)) return;
  await call("POST", `/groups/${id}/leave`);
  apply({ type: "group_left", group_id: id });
  if (location.hash === `#group:${id}`) location.hash = "";
}

export function wireAbout(report) {
  $("make-invite").onclick = () => attempt(report, invite);
  $("leave").onclick = () => attempt(report, leave);
  $("about").onclick = () => {
    if (!$("details").hidden) return hideDetails();
    $("details").hidden = false;
    $("about").ariaExpanded = "true";
  };
}

// The open conversation: what was said, and the field in which one writes.

import { call } from "./api.js";
import { $, element, explain, preview } from "./dom.js";
import { messageElement, outgoingElement } from "./message.js";
import * as state from "./state.js";
import { dot } from "./side.js";

// Milliseconds: how often one's writing is told, and how long a server may take to answer.
const TELL = 3_000;
const PATIENCE = 15_000;
// Pixels from an end of the history that count as being there.
const NEAR = 80;

let connection = null;
let open = null;
let atEnd = true;
let loading = 0;
let reads = Promise.resolve();
let context = null; // { kind: "reply" | "edit", message }
let attached = [];
let told = 0;
const drawn = new Map(); // by id: what is shown, as text to compare, and its element
const drafts = new Map();

export const opened = () => open;
export const useConnection = (made) => (connection = made);

export async function openTalk(id) {
  if (open) drafts.set(open, context?.kind === "edit" ? "" : $("text").value);
  stopTyping();
  open = id;
  atEnd = true;
  drawn.clear();
  $("log").replaceChildren();
  setContext(null);
  setFiles([]);
  report("");
  $("details").hidden = true;
  $("open").hidden = !id;
  $("nothing").hidden = Boolean(id);
  $("chat").classList.toggle("talking", Boolean(id));
  if (!id) return;
  $("text").value = drafts.get(id) ?? "";
  fit();
  showTalk();
  if (matchMedia("(pointer: fine)").matches) $("text").focus();
  else $("title").focus();
  await load(() => (state.talkOf(id) ? null : state.loadTalk(id)));
  showTalk();
}

export function reset() {
  openTalk(null);
  drafts.clear();
}

// One read at a time, in order: what was missed is asked for after the history is there.
function load(run) {
  const id = open;
  loading++;
  reads = reads.then(() => (open === id ? read(run) : null)).finally(() => loading--);
  return reads;
}

async function read(run) {
  $("older").textContent = "Reading …";
  try {
    await run();
    $("older").textContent = "";
  } catch (error) {
    $("older").replaceChildren(explain(error), " ", element("button", { className: "link", onclick: () => load(run) }, "Try again"));
  }
}

async function older() {
  const box = $("messages");
  if (!open || loading || box.scrollTop > NEAR || !state.talkOf(open)?.more) return;
  const below = box.scrollHeight - box.scrollTop;
  await load(() => state.loadOlder(open));
  showTalk();
  box.scrollTop = box.scrollHeight - below;
}

// Who reads the newest message goes on doing so, whatever changes its size or comes after it.
function stayAtEnd() {
  if (atEnd) $("messages").scrollTop = $("messages").scrollHeight;
}

function scrolled() {
  const { scrollTop, scrollHeight, clientHeight } = $("messages");
  atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
  older();
}

export const report = (text) => ($("composer-error").textContent = text);

// Draws what changed of the open conversation.
export function showTalk() {
  if (!open) return;
  showHeader();
  const messages = state.inOrder(open);
  const byId = new Map(messages.map((message) => [message.id, message]));
  const waiting = [...state.outgoing.values()].filter((sent) => sent.conversation === open);
  const nodes = messages.map((message) => {
    const quoted = byId.get(message.reply_to);
    return draw(message.id, [message, quoted, names(message), quoted && names(quoted)], () => messageElement(message, quoted, does));
  });
  nodes.push(...waiting.map((sent) => draw(sent.client_id, sent, () => outgoingElement(sent, () => deliver(sent)))));
  nodes.forEach((node, at) => $("log").children[at] !== node && $("log").insertBefore(node, $("log").children[at] ?? null));
  while ($("log").children.length > nodes.length) $("log").lastChild.remove();
  if (!nodes.length && state.talkOf(open) && !loading) $("older").textContent = "Nothing said yet. Say hello.";
  else if (nodes.length && !loading && !$("older").firstElementChild) $("older").textContent = "";
  stayAtEnd();
  showTyping();
  markRead();
}

function draw(id, shown, make) {
  const before = drawn.get(id);
  const key = JSON.stringify(shown);
  if (before?.key === key) return before.node;
  const node = make();
  const menu = before?.node.querySelector("details");
  // Somebody is in the middle of choosing what to do with it.
  if (menu?.open && node.querySelector("details")) node.querySelector("details").open = true;
  before?.node.replaceWith(node);
  drawn.set(id, { key, node });
  return node;
}

const names = ({ sender_id, reactions }) => [sender_id, ...Object.values(reactions).flat()].map(state.nameOf);

function showHeader() {
  const group = state.conversations.get(open)?.group;
  const peer = state.peerOf(open);
  $("title").textContent = state.titleOf(open);
  const here = group?.members.filter((id) => state.online.has(id) || id === state.me().id).length;
  const who = peer ? [dot(peer), state.online.has(peer) ? " online" : " offline"] : [group ? `${group.members.length} ${group.members.length === 1 ? "member" : "members"}, ${here} online` : ""];
  $("subtitle").replaceChildren(...who);
  $("about").hidden = Boolean(peer);
  if (!$("details").hidden) showMembers(group);
}

function showMembers(group) {
  const id = open;
  if (!group) return;
  const invite = $("details").querySelector("output") ?? element("output", {});
  const make = () => try_(async () => (invite.textContent = `Invite, good for 7 days: ${(await call("POST", `/groups/${group.id}/invite`)).invite}`));
  const leave = () => confirm(`Leave “${group.name}”?`) && try_(async () => {
    await call("POST", `/groups/${group.id}/leave`);
    state.apply({ type: "group_left", group_id: group.id });
    if (open === id) location.hash = "";
  });
  const isAdmin = ["owner", "admin"].includes(group.roles[state.me().id]);
  $("details").replaceChildren(
    element("ul", {}, ...group.members.map((one) => element("li", { dir: "auto" }, dot(one), ` ${state.person(one).name} `, element("span", { className: "quiet" }, group.roles[one])))),
    element("p", { className: "quiet" }, `${group.private ? "Only with an invite." : "Open to whoever has its id."} Group id: `, element("code", {}, group.id)),
    element("p", {}, isAdmin ? element("button", { type: "button", onclick: make }, "Make an invite") : null, " ", element("button", { type: "button", onclick: leave }, "Leave group")),
    invite,
  );
}

async function try_(run) {
  report("");
  try {
    await run();
  } catch (error) {
    report(explain(error));
  }
}

function showTyping() {
  const writers = [...(state.typing.get(open)?.keys() ?? [])].map((id) => state.person(id).name);
  $("typing").textContent = writers.length ? `${writers.join(", ")} ${writers.length > 1 ? "are" : "is"} writing …` : "";
}

export function markRead() {
  const known = state.conversations.get(open);
  if (!known || document.visibilityState !== "visible" || !state.unreadOf(known)) return;
  const seq = known.last_message.seq;
  if (!connection?.send({ type: "read", conversation: open, seq })) return;
  known.read_seq = seq;
  state.changed();
}

// After a connection came back: what was missed, and what did not get out.
export async function resume() {
  state.forgetTalks(open);
  for (const sent of state.outgoing.values()) if (sent.status === "pending") deliver(sent);
  if (!open) return;
  await load(() => (state.talkOf(open) ? state.catchUp(open) : state.loadTalk(open)));
  showTalk();
}

// Everything anew, as after a change of one's language.
export async function reread() {
  state.forgetTalks();
  if (open) await load(() => state.loadTalk(open));
}

// Sends what was written, for the first time or again: the same client_id makes it one message.
function deliver(sent) {
  const at = Date.now();
  state.outgoing.set(sent.client_id, { ...sent, at, status: "pending", error: "" });
  state.changed();
  const { client_id, frame } = sent;
  // Without a connection it goes out when there is one.
  if (!connection.send({ type: "send_message", ref: client_id, client_id, ...frame })) return;
  setTimeout(() => {
    const now = state.outgoing.get(client_id);
    if (now?.status === "pending" && now.at === at) state.apply({ type: "error", ref: client_id, message: "No answer came." });
  }, PATIENCE);
}

async function submit() {
  const content = $("text").value;
  report("");
  if (!content.trim() && !attached.length) return;
  if (context?.kind === "edit") {
    const { id } = context.message;
    await try_(async () => {
      await call("PATCH", `/messages/${id}`, { content });
      setContext(null);
      write("");
    });
    return;
  }
  const files = attached.map((file) => file.url);
  const reply_to = context?.message.id;
  const frame = { ...state.addressOf(open), content, files, ...(reply_to && { reply_to }) };
  const client_id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  deliver({ client_id, conversation: open, content, attachments: attached, frame });
  setContext(null);
  setFiles([]);
  write("");
  stopTyping();
  atEnd = true;
  showTalk();
}

async function upload(files) {
  const id = open;
  const form = new FormData();
  for (const file of files) form.append("file", file);
  $("send").disabled = true;
  report("Uploading …");
  await try_(async () => {
    report("Uploading …");
    const reply = await call("POST", "/upload", form);
    if (open === id) setFiles([...attached, ...reply.files]);
    report("");
  });
  $("send").disabled = false;
  $("files").value = "";
}

function setFiles(files) {
  attached = files;
  const drop = (file) => () => setFiles(attached.filter((one) => one !== file));
  $("attached").replaceChildren(
    ...files.map((file) => element("li", { dir: "auto" }, file.name, element("button", { type: "button", className: "link", ariaLabel: `Leave out ${file.name}`, onclick: drop(file) }, "×"))),
  );
}

function setContext(next) {
  if (context?.kind === "edit" && next?.kind !== "edit") write("");
  context = next;
  $("context").hidden = !next;
  $("send").textContent = next?.kind === "edit" ? "Save" : "Send";
  if (!next) return;
  $("context-text").textContent = `${next.kind === "edit" ? "Editing" : "Reply to"}: ${preview(next.message)}`;
  if (next.kind === "edit") write(next.message.content);
  $("text").focus();
}

const does = {
  report,
  reply: (message) => setContext({ kind: "reply", message }),
  edit: (message) => setContext({ kind: "edit", message }),
  show(id) {
    document.getElementById(`m-${id}`)?.focus();
  },
};

function write(text) {
  $("text").value = text;
  fit();
}

// The field grows with what is in it, up to the height that its style allows.
function fit() {
  const field = $("text");
  field.rows = Math.min(6, field.value.split("\n").reduce((rows, line) => rows + 1 + Math.floor(line.length / 60), 0));
}

function tellTyping() {
  fit();
  if (context?.kind === "edit") return;
  if (!$("text").value) stopTyping();
  else if (Date.now() - told > TELL && connection?.send({ type: "typing", ...state.addressOf(open), on: true })) told = Date.now();
}

function stopTyping() {
  if (told && open) connection?.send({ type: "typing", ...state.addressOf(open), on: false });
  told = 0;
}

export function wireTalk() {
  $("composer").onsubmit = (event) => {
    event.preventDefault();
    submit();
  };
  $("text").oninput = tellTyping;
  $("text").onkeydown = (event) => {
    if (event.key === "Escape" && context) setContext(null);
    // Enter ends a word in an input method; on a touch keyboard it starts a line.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !matchMedia("(pointer: fine)").matches) return;
    event.preventDefault();
    submit();
  };
  $("text").onblur = stopTyping;
  $("context-end").onclick = () => setContext(null);
  $("files").onchange = () => $("files").files.length && upload($("files").files);
  $("messages").onscroll = scrolled;
  const sizes = new ResizeObserver(stayAtEnd);
  sizes.observe($("messages"));
  sizes.observe($("log"));
  document.addEventListener("visibilitychange", () => markRead());
  $("about").onclick = () => {
    const shown = ($("details").hidden = !$("details").hidden);
    $("about").ariaExpanded = String(!shown);
    $("details").replaceChildren();
    showTalk();
  };
}

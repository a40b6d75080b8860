// The open conversation: what was said in it, and how far one has read.

import { showAbout, hideDetails, wireAbout } from "./about.js";
import { composeFor, edit, forgetDrafts, reply, report, wireComposer } from "./composer.js";
import { $, element, explain } from "./dom.js";
import { messageElement, outgoingElement } from "./message.js";
import { deliver, deliverAgain, tell } from "./outbox.js";
import * as state from "./state.js";

// Pixels from an end of the history that count as being there.
const NEAR = 80;

const drawn = new Map(); // by id: what is shown, as text to compare, and its element
let open = null;
let atEnd = true;
let loading = 0;
let reads = Promise.resolve();

export const opened = () => open;

export async function openTalk(id) {
  composeFor(id);
  open = id;
  atEnd = true;
  drawn.clear();
  $("log").replaceChildren();
  hideDetails();
  $("open").hidden = !id;
  $("nothing").hidden = Boolean(id);
  $("chat").classList.toggle("talking", Boolean(id));
  if (!id) return;
  showTalk();
  // On a phone the keyboard would cover what one came to read.
  $(matchMedia("(pointer: fine)").matches ? "text" : "title").focus();
  await load(() => (state.talkOf(id) ? null : state.loadTalk(id)));
  showTalk();
}

export function reset() {
  openTalk(null);
  forgetDrafts();
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
    const again = { className: "link", onclick: () => load(run).then(showTalk) };
    $("older").replaceChildren(explain(error), " ", element("button", again, "Try again"));
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

// Draws what changed of the open conversation.
export function showTalk() {
  if (!open) return;
  showAbout(open);
  const messages = state.inOrder(open);
  const known = new Map(messages.map((message) => [message.id, message]));
  const waiting = [...state.outgoing.values()].filter((sent) => sent.conversation === open);
  place([
    ...messages.map((message) => drawMessage(message, known.get(message.reply_to))),
    ...waiting.map((sent) =>
      draw(sent.client_id, sent, () => outgoingElement(sent, () => deliver(sent))),
    ),
  ]);
  const isEmpty = !messages.length && !waiting.length && state.talkOf(open);
  $("empty").textContent = isEmpty && !loading ? "Nothing said yet. Say hello." : "";
  stayAtEnd();
  showTyping();
  markRead();
}

function drawMessage(message, quoted) {
  const names = ({ sender_id, reactions }) =>
    [sender_id, ...Object.values(reactions).flat()].map(state.nameOf);
  const role = state.conversations.get(open)?.group?.roles[state.me().id];
  const shown = [message, quoted, names(message), quoted && names(quoted), role];
  return draw(message.id, shown, () => messageElement(message, quoted, does));
}

function draw(id, shown, make) {
  const before = drawn.get(id);
  const key = JSON.stringify(shown);
  if (before?.key === key) return before.node;
  const node = make();
  const [menu, again] = [before?.node, node].map((one) => one?.querySelector("details"));
  // Somebody is in the middle of choosing what to do with it.
  if (menu?.open && again) again.open = true;
  before?.node.replaceWith(node);
  drawn.set(id, { key, node });
  return node;
}

// Moves nothing that is where it belongs, so that it keeps its focus.
function place(nodes) {
  const log = $("log");
  nodes.forEach((node, at) => {
    if (log.children[at] !== node) log.insertBefore(node, log.children[at] ?? null);
  });
  while (log.children.length > nodes.length) log.lastChild.remove();
}

const does = {
  report,
  reply,
  edit,
  show: (id) => document.getElementById(`m-${id}`)?.focus(),
};

function showTyping() {
  const writers = [...(state.typing.get(open)?.keys() ?? [])].map(state.nameOf);
  const are = writers.length > 1 ? "are" : "is";
  $("typing").textContent = writers.length ? `${writers.join(", ")} ${are} writing …` : "";
}

export function markRead() {
  const known = state.conversations.get(open);
  if (!known || document.visibilityState !== "visible" || !state.unreadOf(known)) return;
  const seq = known.last_message.seq;
  if (!tell({ type: "read", conversation: open, seq })) return;
  known.read_seq = seq;
  state.changed();
}

// After a connection came back: what was missed, and what did not get out.
export async function resume() {
  state.forgetTalks(open);
  deliverAgain();
  if (!open) return;
  await load(() => (state.talkOf(open) ? state.catchUp(open) : state.loadTalk(open)));
  showTalk();
}

// Everything anew, as after a change of one's language.
export async function reread() {
  state.forgetTalks();
  if (open) await load(() => state.loadTalk(open));
}

export function wireTalk() {
  wireAbout(report);
  wireComposer(() => {
    atEnd = true;
    showTalk();
  });
  $("messages").onscroll = scrolled;
  const sizes = new ResizeObserver(stayAtEnd);
  sizes.observe($("messages"));
  sizes.observe($("log"));
  document.addEventListener("visibilitychange", markRead);
}

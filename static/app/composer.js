// The field in which one writes: a message, an answer or an edit, with files.

import { call } from "./api.js";
import { $, attempt, element, preview } from "./dom.js";
import { deliver, newId, tell } from "./outbox.js";
import { addressOf } from "./state.js";

// Milliseconds between two signs that one is writing.
const TELL = 3_000;

const drafts = new Map();
let place = null; // the conversation
let context = null; // { kind: "reply" | "edit", message }
let attached = [];
let told = 0;

export const report = (text) => ($("composer-error").textContent = text);
export const forgetDrafts = () => drafts.clear();
export const reply = (message) => setContext({ kind: "reply", message });
export const edit = (message) => setContext({ kind: "edit", message });
const isEdit = () => context?.kind === "edit";

export function composeFor(id) {
  if (place) drafts.set(place, isEdit() ? "" : $("text").value);
  stopTyping();
  setContext(null);
  setFiles([]);
  report("");
  place = id;
  write(drafts.get(id) ?? "");
}

async function submit(sent) {
  const content = $("text").value;
  if (!content.trim() && !attached.length) return;
  if (isEdit()) return attempt(report, () => save(context.message.id, content));
  report("");
  const files = attached.map((file) => file.url);
  const frame = { ...addressOf(place), content, files };
  if (context) frame.reply_to = context.message.id;
  deliver({ client_id: newId(), conversation: place, content, attachments: attached, frame });
  setContext(null);
  setFiles([]);
  write("");
  stopTyping();
  sent();
}

async function save(id, content) {
  await call("PATCH", `/messages/${id}`, { content });
  if (isEdit() && context.message.id === id) setContext(null);
}

async function upload(files) {
  const id = place;
  const form = new FormData();
  for (const file of files) form.append("file", file);
  $("send").disabled = true;
  await attempt(report, async () => {
    report("Uploading …");
    const uploaded = await call("POST", "/upload", form);
    report("");
    if (place === id) setFiles([...attached, ...uploaded.files]);
  });
  $("send").disabled = false;
  $("files").value = "";
}

function setFiles(files) {
  attached = files;
  $("attached").replaceChildren(...files.map(chip));
}

function chip(file) {
  const onclick = () => setFiles(attached.filter((one) => one !== file));
  const ariaLabel = `Leave out ${file.name}`;
  const drop = element("button", { type: "button", className: "link", ariaLabel, onclick }, "×");
  return element("li", { dir: "auto" }, file.name, drop);
}

function setContext(next) {
  if (isEdit() && next?.kind !== "edit") write("");
  context = next;
  $("context").hidden = !next;
  $("send").textContent = isEdit() ? "Save" : "Send";
  if (!next) return;
  $("context-text").textContent = `${isEdit() ? "Editing" : "Reply to"}: ${preview(next.message)}`;
  if (isEdit()) write(next.message.content);
  $("text").focus();
}

function write(text) {
  $("text").value = text;
  fit();
}

// The field grows with what is in it, up to the height that its style allows.
function fit() {
  const lines = $("text").value.split("\n");
  const rows = lines.reduce((sum, line) => sum + 1 + Math.floor(line.length / 60), 0);
  $("text").rows = Math.min(6, rows);
}

function typed() {
  fit();
  if (isEdit()) return;
  if (!$("text").value) return stopTyping();
  if (Date.now() - told < TELL) return;
  if (tell({ type: "typing", ...addressOf(place), on: true })) told = Date.now();
}

function stopTyping() {
  if (told && place) tell({ type: "typing", ...addressOf(place), on: false });
  told = 0;
}

// Enter ends a word in an input method; on a touch keyboard it starts a line.
const isSend = (event) =>
  event.key === "Enter" &&
  !event.shiftKey &&
  !event.isComposing &&
  matchMedia("(pointer: fine)").matches;

// `sent` is called when a message is on its way.
export function wireComposer(sent) {
  $("composer").onsubmit = (event) => {
    event.preventDefault();
    submit(sent);
  };
  $("text").oninput = typed;
  $("text").onkeydown = (event) => {
    if (event.key === "Escape" && context) setContext(null);
    if (!isSend(event)) return;
    event.preventDefault();
    $("composer").requestSubmit($("send"));
  };
  $("text").onblur = stopTyping;
  $("context-end").onclick = () => setContext(null);
  $("files").onchange = () => $("files").files.length && upload($("files").files);
}

// Tells a screen reader of what others say in the open conversation: once, with who says it, in
// the reader's language where a translation comes soon enough.

import { pause } from "../lib/timing.js";
import { t } from "../lib/words.js";
import { readText } from "./messages.js";
import { isMe, nameOf } from "./people.js";
import { open } from "./route.js";
import { onNews } from "./sync.js";
import { timelineOf } from "./timelines.js";
import { announce } from "./ui.js";

// Milliseconds that a translation may take, how often one looks for it, and in which several
// messages are told of as one.
const PATIENCE = 2_000;
const STEP = 200;
const TOGETHER = 400;
// So many are read out; of more, how many they are.
const MOST = 3;

let heard = [];

export function startAnnouncing() {
  onNews((message) => {
    if (message.conversation !== open.peek() || isMe(message.sender_id)) return;
    heard.push(message);
    if (heard.length === 1) setTimeout(tell, TOGETHER);
  });
}

async function tell() {
  const told = heard;
  heard = [];
  if (told.length > MOST) return announce(t("talk.several", { count: told.length }));
  const sentences = [];
  for (const message of told) sentences.push(await sentenceOf(message));
  const said = sentences.filter(Boolean).join("\n");
  if (said) announce(said);
}

async function sentenceOf(told) {
  const { conversation, id } = told;
  // Not there yet where the conversation is still being read.
  const current = () => timelineOf(conversation).find(id) ?? told;
  for (let waited = 0; waited < PATIENCE && isPending(current()); waited += STEP) await pause(STEP);
  const message = current();
  if (message.deleted) return "";
  const { text } = readText(message);
  const files = message.attachments.map(({ name }) => name).join(", ");
  const said = [text, files].filter(Boolean).join(", ");
  return t("talk.said", { name: nameOf(message.sender_id), text: said });
}

const isPending = (message) => message.translation?.status === "pending";

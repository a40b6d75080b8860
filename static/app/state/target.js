// The message that is to be shown next, such as one that was found: the talk scrolls to it.

import { signal } from "../lib/html.js";
import { show } from "./route.js";
import { openTimeline, timelineOf } from "./timelines.js";

// {conversation, seq, id}, or null; who has shown it clears it.
export const target = signal(null);

export const clearTarget = () => (target.value = null);

// Opens a message's conversation where the message is.
export async function showMessage({ conversation, seq, id }) {
  show(conversation);
  await openTimeline(conversation);
  const timeline = timelineOf(conversation);
  if (!timeline.messages.value.some((one) => one.seq === seq)) await timeline.loadAround(seq);
  target.value = { conversation, seq, id };
}

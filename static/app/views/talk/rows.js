// What a conversation shows from top to bottom: days, messages, and where the new ones begin.

import { dayKey } from "../../lib/dates.js";

// Milliseconds within which messages of one sender belong together.
const TOGETHER = 300_000;

// A list of {kind: "day" | "unread" | "message" | "waiting", key, …}; `unreadFrom` is the seq of the
// first new message, or 0.
export function rowsOf(messages, waiting, unreadFrom) {
  const rows = [];
  let before = null;
  let isMarked = !unreadFrom;
  for (const message of messages) {
    const starts = !isMarked && message.seq >= unreadFrom;
    if (isNewDay(before, message)) rows.push(dayRow(message.created_at));
    if (starts) rows.push({ kind: "unread", key: "unread" });
    isMarked ||= starts;
    const isFirst = starts || !belongTogether(before, message);
    rows.push({ kind: "message", key: message.id, message, isFirst });
    before = message;
  }
  const isToday = before && !isNewDay(before, { created_at: Date.now() });
  if (waiting.length && !isToday) rows.push(dayRow(Date.now()));
  return rows.concat(waiting.map((one) => ({ kind: "waiting", key: one.client_id, one })));
}

const dayRow = (stamp) => ({ kind: "day", key: dayKey(stamp), stamp });

const isNewDay = (before, { created_at }) =>
  !before || dayKey(before.created_at) !== dayKey(created_at);

const belongTogether = (before, message) =>
  before?.sender_id === message.sender_id &&
  !isNewDay(before, message) &&
  new Date(message.created_at) - new Date(before.created_at) < TOGETHER;

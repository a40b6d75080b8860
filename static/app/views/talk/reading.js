// How far one has read here, and where what is new began.

import { useComputed, useEffect, useMemo, useRef } from "../../lib/html.js";
import { settled } from "../../lib/timing.js";
import { conversationOf } from "../../state/conversations.js";
import { connection, markRead } from "../../state/sync.js";

// Milliseconds of rest after which what is in view counts as read.
const REST = 250;

// `unreadFrom`: the first message that was new when one came, or came back, or 0. `mark()` reads
// what is in view, soon.
export function useReading(timeline, scroller, sending) {
  const { id } = timeline;
  const unread = useComputed(() => conversationOf(id)?.unread ?? 0).value;
  const state = useRef({ from: 0, unread: 0, hasBegun: false }).current;
  const isAway = document.visibilityState !== "visible" || !scroller.atEnd.value;
  if (timeline.isFresh) {
    const isNews = unread > 0 && state.unread === 0;
    if (isNews && (isAway || !state.hasBegun)) state.from = conversationOf(id).read_seq + 1;
    Object.assign(state, { unread, hasBegun: true });
  }
  // Whoever answers has seen what was new.
  if (sending) state.from = 0;

  const mark = useMemo(() => settled(REST, () => markInView(timeline, scroller)), [timeline]);
  useEffect(() => {
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [connection.value.state, mark]);
  return { unreadFrom: state.from, mark };
}

function markInView(timeline, scroller) {
  if (document.visibilityState !== "visible" || !timeline.isFresh) return;
  if (!scroller.box?.isConnected) return;
  const last = timeline.messages.peek().at(-1)?.seq ?? 0;
  const seq = scroller.atEnd.peek() ? last : scroller.lastInView;
  if (seq) markRead(timeline.id, seq);
}

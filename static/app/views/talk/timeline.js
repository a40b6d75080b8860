// What was said, from the oldest to the newest that is loaded, and what is on its way.

import { html, useEffect, useLayoutEffect, useMemo, useRef } from "../../lib/html.js";
import { dayOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { explain } from "../../net/api.js";
import { waitingIn } from "../../state/outbox.js";
import { isAway } from "../../state/sync.js";
import { clearTarget, target } from "../../state/target.js";
import { timelineOf } from "../../state/timelines.js";
import { active, beside } from "./active.js";
import { Jump } from "./jump.js";
import { onKeyDown } from "./keys.js";
import { Message } from "./message.js";
import { rowsOf } from "./rows.js";
import { Scroller } from "./scroller.js";
import { Beside } from "./tools.js";
import { useReading } from "./reading.js";
import { Waiting } from "./waiting.js";

export function Timeline({ conversation }) {
  const timeline = timelineOf(conversation);
  const scroller = useMemo(() => new Scroller(timeline), [timeline]);
  const [box, list] = [useRef(), useRef()];
  const messages = timeline.messages.value;
  // What was said is shown once, although it is kept as on its way for a little longer.
  const waiting = waitingIn(conversation).filter(({ seq }) => !timeline.has(seq));
  const { unreadFrom, mark } = useReading(timeline, scroller, waiting.length);
  const drawn = useRef(new WeakMap()).current;

  scroller.redraws();
  useLayoutEffect(() => scroller.attach(box.current, list.current, mark), [scroller]);
  useLayoutEffect(() => scroller.redrawn());
  useBeginning(timeline, scroller, unreadFrom);
  useTarget(timeline, scroller);
  useSending(scroller, waiting);
  useEffect(() => () => (beside.value = null), []);

  const rows = rowsOf(messages, waiting, unreadFrom);
  return html`
    <div class="timeline">
      <div
        ref=${box}
        class="scroll"
        role="log"
        aria-live="off"
        aria-label=${t("talk.messages")}
        tabindex="0"
        onKeyDown=${(event) => onKeyDown(event, timeline, scroller)}
        onFocusIn=${(event) => follow(event, scroller)}
      >
        <${Above} timeline=${timeline} isEmpty=${!rows.length} />
        <ol ref=${list}>
          ${rows.map((row) => rowOf(row, drawn))}
        </ol>
        <${Failure} timeline=${timeline} kinds=${["newest", "newer"]} />
      </div>
      <${Jump} conversation=${conversation} scroller=${scroller} />
      <${Beside} find=${timeline.find} />
    </div>
  `;
}

function rowOf(row, drawn) {
  if (row.kind === "day")
    return html`<li key=${row.key} class="day"><span>${dayOf(row.stamp)}</span></li>`;
  if (row.kind === "unread")
    return html`<li key="unread" class="unread"><span>${t("talk.unread")}</span></li>`;
  if (row.kind === "waiting") return html`<${Waiting} key=${row.key} one=${row.one} />`;
  return messageOf(row, drawn);
}

// The very same element for the same message, so that only changed ones are drawn anew.
function messageOf({ key, message, isFirst }, drawn) {
  const before = drawn.get(message);
  if (before?.isFirst === isFirst) return before.element;
  const element = html`<${Message} key=${key} message=${message} isFirst=${isFirst} />`;
  drawn.set(message, { isFirst, element });
  return element;
}

function Above({ timeline, isEmpty }) {
  const isReading = timeline.reading.value;
  const isBeginning = timeline.messages.value && timeline.isFresh && !timeline.hasOlder;
  if (timeline.failure.value) return html`<${Failure} timeline=${timeline} kinds=${["older"]} />`;
  if (isReading === "older" || (isEmpty && isReading))
    return html`<p class="edge quiet" role="status">${t("talk.reading")}</p>`;
  if (isBeginning)
    return html`<p class="edge quiet">${t(isEmpty ? "talk.nothing" : "talk.beginning")}</p>`;
  if (isAway.value && isUnknown(timeline))
    return html`<p class="edge quiet">${t("talk.not_kept")}</p>`;
  return html`<p class="edge quiet"></p>`;
}

// Something was said, and nothing of it is here.
const isUnknown = ({ isKept, messages, hasNewer }) =>
  isKept.value === false && !messages.value.length && hasNewer;

function Failure({ timeline, kinds }) {
  const failure = timeline.failure.value;
  if (!failure || !kinds.includes(failure.kind)) return null;
  return html`
    <p class="edge error" role="alert">
      <span>${explain(failure.error)}</span>
      <button type="button" class="link" onClick=${failure.again}>${t("talk.retry")}</button>
    </p>
  `;
}

// The message that the keyboard is at, by whatever way it came there.
function follow({ target: node, currentTarget }, scroller) {
  const seen = node === currentTarget ? scroller.nodeOf(scroller.lastInView) : null;
  active.value = (seen ?? node.closest("[data-id]"))?.dataset.id ?? "";
}

// Begins where the new messages begin, if they are many, or else at the end.
function useBeginning(timeline, scroller, unreadFrom) {
  const hasBegun = useRef(false);
  useLayoutEffect(() => {
    if (hasBegun.current || !timeline.isFresh) return;
    hasBegun.current = true;
    const line = scroller.list.querySelector(".unread");
    if (unreadFrom && line && !target.peek()) scroller.beginAt(line);
  });
}

// What could not be read is asked for again by whoever wants it.
const mayRead = ({ reading, failure }) => !reading.peek() && !failure.peek();

// Goes to a message that was asked for, once it is here.
function useTarget(timeline, scroller) {
  const wanted = target.value?.conversation === timeline.id ? target.value.seq : 0;
  useLayoutEffect(() => {
    if (!wanted || !timeline.isFresh) return;
    if (!timeline.has(wanted)) return void (mayRead(timeline) && timeline.loadAround(wanted));
    scroller.show(wanted);
    clearTarget();
  });
}

// Whoever sends wants to see it.
function useSending(scroller, waiting) {
  const last = waiting.at(-1)?.client_id;
  const known = useRef(last);
  useLayoutEffect(() => {
    if (last && last !== known.current) scroller.toEnd();
    known.current = last;
  }, [last]);
}

// The text field: it grows with what is in it, and knows which keys send.

import { html, useLayoutEffect } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { editLast, endContext } from "../../state/composing.js";
import { draftOf, writtenIn } from "../../state/drafts.js";
import { stopTyping } from "../../state/typing.js";
import { MentionList, useMentions } from "./mentions.js";

const GROWS = CSS.supports("field-sizing", "content");

export function Field({ conversation, field, onWrite, submit, problem }) {
  const draft = draftOf(conversation);
  const text = writtenIn(draft);
  const mentions = useMentions(conversation, field);
  useLayoutEffect(() => GROWS || grow(field.current), [text]);
  const onInput = () => {
    onWrite(field.current.value);
    mentions.look();
  };
  const onKeyDown = (event) => {
    if (isComposing(event) || mentions.take(event)) return;
    if (event.key === "Escape" && (draft.edit || draft.reply)) leave(event, conversation);
    else if (isSend(event)) stop(event, submit);
    else if (isBack(event, text) && editLast(conversation)) event.preventDefault();
  };
  return html`
    <${MentionList} ...${mentions} />
    <textarea
      ref=${field}
      rows="1"
      dir="auto"
      translate="no"
      aria-label=${t("compose.message")}
      placeholder=${t("compose.placeholder")}
      enterkeyhint=${sendsOnEnter() ? "send" : "enter"}
      aria-invalid=${problem.value ? "true" : null}
      readonly=${draft.isQueued}
      value=${text}
      ...${mentions.attributes}
      onInput=${onInput}
      onKeyDown=${onKeyDown}
      onSelect=${mentions.look}
      onBlur=${() => stopTyping(conversation)}
    ></textarea>
  `;
}

// Fields know but one kind of line end.
export const shows = (field, text) => field.value === text.replace(/\r\n?/g, "\n");

// Puts text where the caret is, as if it were typed.
export function insert(field, text) {
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Enter ends a word in an input method; Safari says so by the key's code alone.
const isComposing = ({ isComposing: is, keyCode }) => is || keyCode === 229;

// On a touch keyboard, Enter is the only way to a new line.
const sendsOnEnter = () => matchMedia("(pointer: fine)").matches;

const isSend = ({ key, shiftKey, altKey, ctrlKey, metaKey }) =>
  key === "Enter" && (ctrlKey || metaKey || (!shiftKey && !altKey && sendsOnEnter()));

const isBack = ({ key, shiftKey, altKey, ctrlKey, metaKey }, text) =>
  key === "ArrowUp" && !text && !(shiftKey || altKey || ctrlKey || metaKey);

function leave(event, conversation) {
  stop(event, () => endContext(conversation));
}

function stop(event, run) {
  event.preventDefault();
  event.stopPropagation();
  run();
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}

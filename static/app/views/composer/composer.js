// The field for writing, with all that goes into a message.

import { html, signal, useEffect, useLayoutEffect, useRef, useSignal } from "../../lib/html.js";
import { sizeOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { explain } from "../../net/api.js";
import { attach } from "../../state/attaching.js";
import { context, saveEdit } from "../../state/composing.js";
import { changeDraft, draftOf, peekDraft, write, writtenIn } from "../../state/drafts.js";
import { hindrance, lengthOf, sendDraft } from "../../state/sending.js";
import { limits } from "../../state/sync.js";
import { stopTyping, tellTyping } from "../../state/typing.js";
import { EmojiButton } from "../common/emoji.js";
import { Icon } from "../common/icon.js";
import { Context } from "./context.js";
import { DropZone, pastedFiles } from "./dropping.js";
import { Field, insert, shows } from "./field.js";
import { AttachButton, Files } from "./files.js";
import { Preview } from "./preview.js";

// Characters that may be missing to the most before anybody counts them.
const NEAR = 1_000;

// Whether the translation is shown before sending, in whatever conversation.
const isPreviewing = signal(false);

export function Composer({ conversation }) {
  const field = useRef();
  const problem = useSignal("");
  const isSaving = useSignal(false);
  const draft = draftOf(conversation);
  useFocus(field, conversation);
  useEffect(() => () => stopTyping(conversation), [conversation]);

  const onFiles = (files) => {
    problem.value = leftOut(attach(conversation, files));
    field.current.focus();
  };
  const onWrite = (text) => {
    problem.value = "";
    write(conversation, text);
    if (!draft.edit) tellTyping(conversation, text);
  };
  async function submit() {
    field.current.focus();
    // What one sees is what is sent, whatever was told of it.
    if (!shows(field.current, writtenIn(peekDraft(conversation))))
      write(conversation, field.current.value);
    const reason = hindrance(peekDraft(conversation));
    problem.value =
      reason && reason !== "empty" ? hindranceWords(reason, peekDraft(conversation)) : "";
    if (reason || isSaving.value) return;
    stopTyping(conversation);
    if (!peekDraft(conversation).edit) return sendDraft(conversation);
    isSaving.value = true;
    await saveEdit(conversation).catch((error) => (problem.value = explain(error)));
    isSaving.value = false;
  }
  const onSubmit = (event) => {
    event.preventDefault();
    submit();
  };
  const onPaste = (event) => {
    const files = draft.edit ? [] : pastedFiles(event.clipboardData);
    if (!files.length) return;
    event.preventDefault();
    onFiles(files);
  };
  return html`
    ${!draft.edit && html`<${DropZone} onFiles=${onFiles} />`}
    <form class="composer" aria-label=${t("compose.form")} onSubmit=${onSubmit} onPaste=${onPaste}>
      <div class="extras">
        <${Context} conversation=${conversation} field=${field} />
        ${
          isPreviewing.value &&
          html`<${Preview} conversation=${conversation} text=${writtenIn(draft)} />`
        }
        ${!draft.edit && html`<${Files} conversation=${conversation} />`}
      </div>
      <p class="error" role="alert">${problem}</p>
      <div class="writing">
        <${Field} ...${{ conversation, field, onWrite, submit, problem }} />
        <${Tools} ...${{ conversation, field, onFiles, isSaving }} />
      </div>
    </form>
  `;
}

function Tools({ conversation, field, onFiles, isSaving }) {
  const draft = draftOf(conversation);
  const isIdle = hindrance(draft) === "empty" || draft.isQueued || isSaving.value;
  return html`
    <div class="tools">
      ${!draft.edit && html`<${AttachButton} onFiles=${onFiles} />`}
      <${EmojiButton}
        label=${t("compose.emoji")}
        onPick=${(emoji) => insert(field.current, emoji)}
      />
      <button
        type="button"
        class="plain preview-toggle"
        aria-pressed=${String(isPreviewing.value)}
        onClick=${() => (isPreviewing.value = !isPreviewing.value)}
      >
        <${Icon} name="globe" />
        <span class="words">${t("preview.toggle")}</span>
      </button>
      <${Counter} text=${writtenIn(draft)} />
      <${Waiting} conversation=${conversation} />
      <button type="submit" class=${isIdle ? "send idle" : "send primary"}>
        <${Icon} name=${draft.edit ? "check" : "send"} />
        <span>${t(draft.edit ? "compose.save" : "compose.send")}</span>
      </button>
    </div>
  `;
}

function Counter({ text }) {
  const most = limits.value.content;
  const length = lengthOf(text);
  if (length < most - NEAR) return null;
  return html`
    <output class=${length > most ? "count over" : "count"}>
      ${t("compose.count", { length, most })}
    </output>
  `;
}

function Waiting({ conversation }) {
  const { isQueued } = draftOf(conversation);
  const wait = () => changeDraft(conversation, { isQueued: false });
  return html`
    <div class="waits" role="status">
      ${
        isQueued &&
        html`
          <span class="quiet">${t("files.queued")}</span>
          <button type="button" class="link" onClick=${wait}>${t("files.unqueue")}</button>
        `
      }
    </div>
  `;
}

// Where a keyboard is at hand, one writes at once; on a phone it would cover what one came to read.
// A frame later, what is typed meanwhile would be keys of the message or of the page.
function useFocus(field, conversation) {
  const about = context.value;
  useLayoutEffect(() => {
    if (matchMedia("(pointer: fine)").matches) field.current.focus({ preventScroll: true });
  }, [conversation]);
  useLayoutEffect(() => {
    if (!about) return;
    field.current.focus({ preventScroll: true });
    field.current.setSelectionRange(field.current.value.length, field.current.value.length);
  }, [about?.kind, about?.message.id]);
}

function hindranceWords(reason, draft) {
  const length = lengthOf(writtenIn(draft));
  return t(`compose.hindered.${reason}`, { length, most: limits.value.content });
}

function leftOut({ tooLarge, tooMany }) {
  const { files: most, file_size: largest } = limits.value;
  const lines = tooLarge.map(({ name }) => t("files.too-large", { name, size: sizeOf(largest) }));
  if (tooMany.length) lines.push(t("files.too-many", { count: tooMany.length, most }));
  return lines.join("\n");
}

// The message that another one answers, shortly; it leads there.

import { html, useComputed } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { readText } from "../../state/messages.js";
import { nameOf } from "../../state/people.js";
import { showMessage } from "../../state/target.js";
import { quotedMessage } from "../../state/timelines.js";
import { hueOf } from "../common/avatar.js";
import { useTab } from "./active.js";

// Characters of it that are shown.
const MOST = 200;

export function Quote({ message }) {
  const { id, conversation, reply_to } = message;
  const tab = useTab(id);
  const quoted = useComputed(() => quotedMessage(conversation, reply_to)).value;
  // Not known yet, or there is none.
  if (!quoted) return html`<p class="quote">${quoted === null ? t("message.quoteGone") : "…"}</p>`;
  return html`
    <button
      type="button"
      class="quote"
      tabindex=${tab}
      data-hue=${hueOf(quoted.sender_id)}
      onClick=${() => showMessage(quoted)}
    >
      <span class="unseen">${t("message.inReply")}</span>
      <span class="sender"><bdi>${nameOf(quoted.sender_id)}</bdi></span>
      <${Gist} message=${quoted} />
    </button>
  `;
}

// A message in one line: its text in the reader's language, or the names of its files.
export function Gist({ message }) {
  if (message.deleted) return html`<span class="gist">${t("message.deleted")}</span>`;
  const { text, lang } = readText(message);
  const files = message.attachments.map(({ name }) => name).join(", ");
  return html`
    <span class="gist" lang=${text ? lang : undefined} dir="auto" translate="no">
      ${(text || files).slice(0, MOST)}
    </span>
  `;
}

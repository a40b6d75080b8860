// A message of one's own that the server has not taken yet, or would not take.

import { html } from "../../lib/html.js";
import { timeOf } from "../../lib/dates.js";
import { hasWords, t } from "../../lib/words.js";
import { drop, sendAgain } from "../../state/outbox.js";
import { quotedMessage } from "../../state/timelines.js";
import { Icon } from "../common/icon.js";
import { Attachments } from "./attachments.js";
import { Gist } from "./quote.js";
import { Text } from "./text.js";

export function Waiting({ one }) {
  const { client_id: id, conversation, frame, attachments, created_at, status } = one;
  const isFailed = status === "failed";
  return html`
    <li class="message own waiting first ${status}" tabindex="-1">
      <div class="lane">
        <div class="bubble">
          ${
            frame.reply_to &&
            html`<${Answered} conversation=${conversation} id=${frame.reply_to} />`
          }
          <${Attachments} message=${{ id, conversation, attachments }} />
          <div class="foot">
            <${Text} message=${{ id }} text=${frame.content} />
            <p class="meta">
              <time>${timeOf(created_at)}</time>
              ${
                !isFailed &&
                html`
                  <span class="mark">
                    <${Icon} name="clock" /><span class="unseen">${t("message.sending")}</span>
                  </span>
                `
              }
            </p>
          </div>
        </div>
      </div>
      ${isFailed && html`<${Failed} one=${one} />`}
    </li>
  `;
}

function Answered({ conversation, id }) {
  const message = quotedMessage(conversation, id);
  return message && html`<p class="quote"><${Gist} message=${message} /></p>`;
}

function Failed({ one: { client_id: id, error } }) {
  const key = `error.${error?.code}`;
  const reason = hasWords(key) ? t(key) : error?.message;
  return html`
    <div class="trouble" role="alert">
      <${Icon} name="warning" />
      <span>${t("message.failed", { reason })}</span>
      <button type="button" class="link" onClick=${() => sendAgain(id)}>${t("talk.retry")}</button>
      <button type="button" class="link" onClick=${() => drop(id)}>${t("message.remove")}</button>
    </div>
  `;
}

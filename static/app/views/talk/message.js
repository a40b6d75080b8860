// One message: who says it, the text, what belongs to it, and how far it has come.

import { html } from "../../lib/html.js";
import { momentOf, timeOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { isMe, nameOf } from "../../state/people.js";
import { shownText } from "../../state/messages.js";
import { Avatar, hueOf } from "../common/avatar.js";
import { Attachments } from "./attachments.js";
import { Marks } from "./marks.js";
import { Quote } from "./quote.js";
import { Reactions } from "./reactions.js";
import { Text } from "./text.js";
import { Tools } from "./tools.js";
import { hasNote, Note } from "./translation.js";

export function Message({ message, isFirst }) {
  const { id, seq, sender_id: sender, deleted } = message;
  const isOwn = isMe(sender);
  const isNamed = isFirst && message.group_id && !isOwn;
  const look = ["message", isOwn && "own", isFirst && "first"].filter(Boolean).join(" ");
  return html`
    <li
      class=${look}
      data-seq=${seq}
      data-id=${id}
      tabindex="-1"
      aria-labelledby=${["who", "text", "files", "when"].map((part) => `m${seq}-${part}`).join(" ")}
    >
      ${message.group_id && !isOwn && html`<span class="face">${isFirst && html`<${Avatar} id=${sender} />`}</span>`}
      <div class="lane">
        <div class="bubble">
          <p class=${isNamed ? "sender" : "unseen"} id="m${seq}-who" data-hue=${hueOf(sender)}>
            <bdi>${nameOf(sender)}</bdi>
          </p>
          ${
            deleted
              ? html`<${Foot} message=${message}><${Deleted} seq=${seq} /><//>`
              : html`<${Body} message=${message} />`
          }
        </div>
        ${!deleted && html`<${Tools} message=${message} />`}
      </div>
      ${!deleted && html`<${Reactions} message=${message} />`}
    </li>
  `;
}

const Deleted = ({ seq }) => html`<p class="gone" id="m${seq}-text">${t("message.deleted")}</p>`;

// The time is beside the last line: that of the text, or of what is said about its translation.
function Body({ message }) {
  const isNoted = hasNote(message);
  const text = html`
    <${Text} id="m${message.seq}-text" message=${message} ...${shownText(message)} />
  `;
  return html`
    ${message.reply_to && html`<${Quote} message=${message} />`}
    <${Attachments} message=${message} />
    ${isNoted && text}
    <${Foot} message=${message} isNoted=${isNoted}>
      ${isNoted ? html`<${Note} message=${message} />` : text}
    <//>
  `;
}

function Foot({ message, isNoted, children }) {
  const { seq, sender_id: sender, created_at, edited_at, deleted } = message;
  return html`
    <div class=${isNoted ? "foot noted" : "foot"}>
      ${children}
      <p class="meta">
        ${edited_at && !deleted && html`<span>${t("message.edited")}</span>`}
        <time id="m${seq}-when" datetime=${created_at} title=${momentOf(created_at)}>
          ${timeOf(created_at)}
        </time>
        ${isMe(sender) && !deleted && html`<${Marks} message=${message} />`}
      </p>
    </div>
  `;
}

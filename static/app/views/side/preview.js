// What a conversation's row says: who is writing, a draft, what is on its way, or what was said
// last, in the language that one reads.

import { html } from "../../lib/html.js";
import { parts, t } from "../../lib/words.js";
import { draftOf } from "../../state/drafts.js";
import { lastUnsaidIn } from "../../state/outbox.js";
import { isMe, nameOf } from "../../state/people.js";
import { writersOf } from "../../state/presence.js";
import { open } from "../../state/route.js";
import { Icon } from "../common/icon.js";

// Characters of a message that a row may have room for.
const MOST = 160;

export function Preview({ one }) {
  const { id, kind, last_message: last } = one;
  const writers = writersOf(id);
  if (writers.length) return html`<${Writing} writers=${writers} isGroup=${kind === "group"} />`;
  const draft = draftOf(id).text.trim();
  if (draft && open.value !== id)
    return html`<${Line} label=${t("side.draft")} isMarked content=${draft} />`;
  const outgoing = lastUnsaidIn(id);
  if (outgoing) return html`<${Outgoing} one=${outgoing} />`;
  if (!last) return html`<span class="said">${t("side.nothing_said")}</span>`;
  return html`<${Said} message=${last} isGroup=${kind === "group"} />`;
}

const Writing = ({ writers, isGroup }) => html`
  <span class="said writing">
    ${
      writers.length > 1
        ? t("side.writing_many", { count: writers.length })
        : isGroup
          ? parts("side.writing_one", { name: html`<bdi>${nameOf(writers[0])}</bdi>` })
          : t("side.writing")
    }
  </span>
`;

const Outgoing = ({ one }) =>
  one.status === "failed"
    ? html`
        <span class="said failed">
          <${Icon} name="warning" />
          <span>${t("side.not_sent")}</span>
        </span>
      `
    : html`
        <span class="said">
          <${Icon} name="clock" />
          <span class="unseen">${t("side.sending")}</span>
          <${Text} content=${one.frame.content} attachments=${one.attachments} />
        </span>
      `;

function Said({ message, isGroup }) {
  const { sender_id: sender, deleted } = message;
  const name = html`<bdi class="name">${nameOf(sender)}</bdi>`;
  const label = isMe(sender) || isGroup ? parts("side.says", { name }) : "";
  if (deleted) return html`<${Line} label=${label} note=${t("side.deleted")} />`;
  return html`<${Line} label=${label} ...${shown(message)} attachments=${message.attachments} />`;
}

// The text that one reads: the translation where there is one.
export function shown({ content, content_lang, translation }) {
  return translation?.status === "ready"
    ? { content: translation.content, lang: translation.lang }
    : { content, lang: content_lang };
}

const Line = ({ label, isMarked, note, ...said }) => html`
  <span class="said">
    ${label && html`<span class=${isMarked ? "who marked" : "who"}>${label}</span>`}${" "}
    ${note ? html`<em>${note}</em>` : html`<${Text} ...${said} />`}
  </span>
`;

function Text({ content, lang, attachments = [] }) {
  if (content)
    return html`
      <span class="text" dir="auto" lang=${lang} translate="no">${content.slice(0, MOST)}</span>
    `;
  if (attachments.length !== 1)
    return html`<span class="text">${t("side.files", { count: attachments.length })}</span>`;
  const [{ name, type = "" }] = attachments;
  return type.startsWith("image/")
    ? html`<span class="text">${t("side.picture")}</span>`
    : html`<span class="text" dir="auto" translate="no">${name}</span>`;
}

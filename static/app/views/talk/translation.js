// What is said under a message about its translation.

import { html } from "../../lib/html.js";
import { languageName } from "../../lib/languages.js";
import { hasWords, t } from "../../lib/words.js";
import { isOriginal, toggleOriginal } from "../../state/messages.js";
import { isMe, nameOf } from "../../state/people.js";
import { translate } from "../../state/timelines.js";
import { Icon } from "../common/icon.js";
import { useTab } from "./active.js";

const DOT = " · ";
// Nobody misses a translation for these reasons.
const SILENT = ["same_language", "nothing_to_translate"];
// The next time may be better.
const PASSING = [
  "rate_limited",
  "engine_refused",
  "engine_unreachable",
  "engine_failed",
  "superseded",
  "database_unreachable",
];

export const isReady = ({ translation }) => translation?.status === "ready";
export const isLacking = ({ translation }) =>
  translation?.status === "unavailable" && !SILENT.includes(translation.reason);

const isPending = ({ translation }) => translation?.status === "pending";
export const hasNote = (message) => isReady(message) || isLacking(message) || isPending(message);

export function Note({ message }) {
  if (isReady(message)) return html`<${Ready} message=${message} />`;
  if (isLacking(message)) return html`<${Unavailable} message=${message} />`;
  return html`<${Pending} message=${message} />`;
}

function Ready({ message }) {
  const { id, content_lang, detected, translation } = message;
  const tab = useTab(id);
  const [kind, other] = isOriginal(id)
    ? ["original", "message.showTranslation"]
    : ["from", "message.showOriginal"];
  const by = translation.reviewed_by ? reviewer(translation.reviewed_by) : translation.engine;
  return html`
    <p class="translation">
      <${Icon} name="globe" />
      ${t(`translation.${kind}${detected ? "Detected" : ""}`, nameFor(content_lang))}
      ${by && html`${DOT}<bdi>${by}</bdi>`}${DOT}
      <button type="button" class="link" tabindex=${tab} onClick=${() => toggleOriginal(id)}>
        ${t(other)}
      </button>
    </p>
  `;
}

const reviewer = (id) =>
  isMe(id) ? t("translation.reviewedByYou") : t("translation.reviewed", { name: nameOf(id) });

const nameFor = (language) => ({ language: languageName(language) });

const Pending = ({ message }) => html`
  <p class="translation pending">
    <${Icon} name="globe" />
    <span>${t("translation.pending", nameFor(message.content_lang))}</span>
  </p>
`;

function Unavailable({ message }) {
  const { id, content_lang, translation } = message;
  const tab = useTab(id);
  const key = `reason.${translation.reason}`;
  const reason = t(hasWords(key) ? key : "reason.other");
  return html`
    <p class="translation unavailable">
      <${Icon} name="globe" />
      <span>${t("translation.unavailable", { ...nameFor(content_lang), reason })}</span>
      ${
        PASSING.includes(translation.reason) &&
        html`
          <button type="button" class="link" tabindex=${tab} onClick=${() => translate(message)}>
            ${t("talk.retry")}
          </button>
        `
      }
    </p>
  `;
}

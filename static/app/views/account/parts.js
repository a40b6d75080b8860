// What the parts of the settings have in common.

import { html, useLayoutEffect, useRef } from "../../lib/html.js";
import { t } from "../../lib/words.js";

export const Save = ({ form, children }) => html`
  ${form.error && html`<p class="error" role="alert">${form.error}</p>`}
  <div class="row">
    <button class="primary" aria-disabled=${form.busy ? "true" : null}>${children}</button>
    <span class="quiet" role="status">${form.isDone && t("account.saved")}</span>
  </div>
`;

// Asks before something that cannot be taken back is done; `text` says what.
export function Sure({ text, does, onYes, onNo, busy }) {
  const no = useRef();
  useLayoutEffect(() => no.current.focus(), []);
  return html`
    <div class="sure" role="group" aria-label=${text}>
      <p>${text}</p>
      <div class="row">
        <button type="button" class="danger" disabled=${busy} onClick=${onYes}>${does}</button>
        <button type="button" ref=${no} onClick=${onNo}>${t("account.stay")}</button>
      </div>
    </div>
  `;
}

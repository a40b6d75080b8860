// An address to hand on: to copy, or to share where the device can.

import { html, useRef } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { tellNote } from "../../state/ui.js";
import { Icon } from "./icon.js";

export function LinkField({ label, link, title }) {
  const field = useRef();
  const copy = async () => {
    field.current.select();
    await write(link);
    tellNote(t("link.copied"));
  };
  // Who changes their mind has not failed.
  const share = () => navigator.share({ title, url: link }).catch(() => {});
  return html`
    <div class="link-field">
      <input
        ref=${field}
        readonly
        dir="ltr"
        aria-label=${label}
        value=${link}
        onFocus=${({ target }) => target.select()}
      />
      <button type="button" onClick=${copy}><${Icon} name="copy" />${t("link.copy")}</button>
      ${
        navigator.share &&
        html`<button type="button" onClick=${share}>
          <${Icon} name="share" />${t("link.share")}
        </button>`
      }
    </div>
  `;
}

// Without https a page may only copy what is selected.
const write = (text) =>
  navigator.clipboard ? navigator.clipboard.writeText(text) : document.execCommand("copy");

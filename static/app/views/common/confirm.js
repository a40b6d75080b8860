// Asks before something is done that cannot be undone.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { closeDialog } from "../../state/ui.js";
import { ErrorLine, useAction } from "./action.js";
import { Dialog } from "./dialog.js";

// `run` does it. What comes `after` that, and `back` instead of it, is the page unless it is said.
export function Confirm({ title, text, action, run, after = closeDialog, back = closeDialog }) {
  const asked = useAction();
  const confirm = () =>
    asked.run(async () => {
      await run();
      after();
    });
  return html`
    <${Dialog} title=${title} onClose=${back} className="confirm">
      <p>${text}</p>
      <${ErrorLine} text=${asked.error} />
      <div class="row end">
        <button type="button" onClick=${back}>${t("cancel")}</button>
        <button type="button" class="danger filled" disabled=${asked.busy} onClick=${confirm}>
          ${action}
        </button>
      </div>
    <//>
  `;
}

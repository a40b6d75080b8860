// Asks before somebody is blocked.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { block } from "../../state/keeping.js";
import { person } from "../../state/people.js";
import { closeDialog, tellNote } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Dialog } from "../common/dialog.js";

export function Block({ userId }) {
  const { name } = person(userId);
  const action = useAction();
  const confirmed = () =>
    action.run(async () => {
      await block(userId);
      closeDialog();
      tellNote(t("side.blocked", { name }));
    });
  return html`
    <${Dialog} title=${t("side.block_title", { name })} className="confirm">
      <p>${t("side.block_text", { name })}</p>
      <${ErrorLine} text=${action.error} />
      <div class="row end">
        <button type="button" onClick=${closeDialog}>${t("cancel")}</button>
        <button type="button" class="danger filled" disabled=${action.busy} onClick=${confirmed}>
          ${t("side.block")}
        </button>
      </div>
    <//>
  `;
}

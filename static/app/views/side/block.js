// Asks before somebody is blocked. The server does not tell whom one has blocked, so that a block
// from another browser can be taken back here too.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { block, unblock } from "../../state/keeping.js";
import { person } from "../../state/people.js";
import { closeDialog, tellNote } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Dialog } from "../common/dialog.js";

export function Block({ userId }) {
  const { name } = person(userId);
  const action = useAction();
  const attempt = (task, done) => () =>
    action.run(async () => {
      await task(userId);
      closeDialog();
      tellNote(t(done, { name }));
    });
  return html`
    <${Dialog} title=${t("side.block_title", { name })} className="confirm">
      <p>${t("side.block_text", { name })}</p>
      <${ErrorLine} text=${action.error} />
      <div class="row end">
        <button
          type="button"
          class="link"
          disabled=${action.busy}
          onClick=${attempt(unblock, "side.unblocked")}
        >
          ${t("side.unblock_before")}
        </button>
        <button type="button" onClick=${closeDialog}>${t("cancel")}</button>
        <button
          type="button"
          class="danger filled"
          disabled=${action.busy}
          onClick=${attempt(block, "side.blocked")}
        >
          ${t("side.block")}
        </button>
      </div>
    <//>
  `;
}

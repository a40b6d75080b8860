// Making a group.

import { html, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { createGroup } from "../../state/groups.js";
import { show } from "../../state/route.js";
import { closeDialog } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Dialog } from "../common/dialog.js";
import { Picker } from "./picker.js";

export function NewGroup() {
  const [members, setMembers] = useState([]);
  const { busy, error, run } = useAction();
  const create = (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    const group = { name: given.get("name"), private: given.has("private"), members };
    run(async () => {
      const id = await createGroup(group);
      closeDialog();
      show(id);
    });
  };
  return html`
    <${Dialog} title=${t("side.new_group")}>
      <form class="stack" onSubmit=${create}>
        <label>
          ${t("groups.name")}
          <input name="name" autofocus required maxlength="80" autocomplete="off" dir="auto" />
        </label>
        <${Picker} chosen=${members} choose=${setMembers} />
        <label class="check">
          <input type="checkbox" name="private" defaultChecked />
          <span>
            ${t("groups.private")}
            <span class="quiet block">${t("groups.private_hint")}</span>
          </span>
        </label>
        <${ErrorLine} text=${error} />
        <div class="row end">
          <button type="submit" class="primary" disabled=${busy}>${t("groups.create")}</button>
        </div>
      </form>
    <//>
  `;
}

// A group: what it is called, who is in it, how others come in, and how it ends.

import { html, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { groupOf, isAdmin, roleOf } from "../../state/conversations.js";
import { changeGroup, deleteGroup, setMember } from "../../state/groups.js";
import { openDialog } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { GroupAvatar } from "../common/avatar.js";
import { Dialog } from "../common/dialog.js";
import { Icon } from "../common/icon.js";
import { askToLeave } from "../side/menu.js";
import { Invite } from "./invite.js";
import { Members } from "./members.js";
import { MembersLine } from "./members-line.js";
import { Picker } from "./picker.js";

export function Group({ conversation: id }) {
  const group = groupOf(id);
  // It may end, or be left elsewhere, while it is looked at.
  if (!group) return html`<${Dialog} title=${t("groups.title")}><p>${t("groups.gone")}</p><//>`;
  return html`
    <${Dialog} title=${group.name} className="group-dialog">
      <div class="group-head">
        <${GroupAvatar} id=${group.id} name=${group.name} />
        <p class="quiet">
          <${MembersLine} id=${id} />
          <span class="block">${t(group.private ? "groups.is_private" : "groups.is_public")}</span>
        </p>
      </div>
      ${isAdmin(id) && html`<${Naming} key=${group.name} id=${id} group=${group} />`}
      <${Members} id=${id} group=${group} />
      ${isAdmin(id) && html`<${Adding} id=${id} group=${group} />`}
      <${Invite} id=${id} group=${group} />
      <${Ending} id=${id} group=${group} />
    <//>
  `;
}

function Naming({ id, group }) {
  const { busy, error, run } = useAction();
  const [name, setName] = useState(group.name);
  const rename = (event) => {
    event.preventDefault();
    run(() => changeGroup(id, { name }));
  };
  const setPrivate = ({ target }) => {
    const isPrivate = target.checked;
    run(() => changeGroup(id, { private: isPrivate }));
  };
  return html`
    <section class="stack">
      <form onSubmit=${rename}>
        <label for="group-name">${t("groups.name")}</label>
        <div class="joined">
          <input
            id="group-name"
            required
            maxlength="80"
            autocomplete="off"
            dir="auto"
            value=${name}
            onInput=${({ target }) => setName(target.value)}
          />
          <button type="submit" disabled=${busy || name === group.name}>
            ${t("groups.rename")}
          </button>
        </div>
      </form>
      <label class="check">
        <input type="checkbox" checked=${group.private} disabled=${busy} onChange=${setPrivate} />
        <span>
          ${t("groups.private")}
          <span class="quiet block">${t("groups.private_hint")}</span>
        </span>
      </label>
      <${ErrorLine} text=${error} />
    </section>
  `;
}

function Adding({ id, group }) {
  const [chosen, choose] = useState([]);
  const { busy, error, run } = useAction();
  const add = () =>
    run(async () => {
      for (const one of chosen) {
        await setMember(id, one);
        choose((still) => still.filter((other) => other !== one));
      }
    });
  return html`
    <section class="stack">
      <${Picker} chosen=${chosen} choose=${choose} left=${group.members} />
      <${ErrorLine} text=${error} />
      ${
        chosen.length > 0 &&
        html`
          <button type="button" class="primary" disabled=${busy} onClick=${add}>
            ${t("groups.add", { count: chosen.length })}
          </button>
        `
      }
    </section>
  `;
}

function Ending({ id, group }) {
  const back = () => openDialog("group", { conversation: id });
  const askToDelete = () =>
    openDialog("confirm", {
      title: t("groups.delete_title", { name: group.name }),
      text: t("groups.delete_text"),
      action: t("groups.delete"),
      run: () => deleteGroup(id),
      back,
    });
  return html`
    <section class="row">
      <button type="button" onClick=${() => openDialog("glossary", { conversation: id })}>
        <${Icon} name="book" />${t("groups.glossary")}
      </button>
      <button type="button" class="danger" onClick=${() => askToLeave(id, back)}>
        <${Icon} name="leave" />${t("groups.leave")}
      </button>
      ${
        roleOf(id) === "owner" &&
        html`
          <button type="button" class="danger" onClick=${askToDelete}>
            <${Icon} name="trash" />${t("groups.delete")}
          </button>
        `
      }
    </section>
  `;
}

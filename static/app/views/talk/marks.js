// How far a message of one's own has come: sent, or seen, and by whom.

import { html, useComputed } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { person } from "../../state/people.js";
import { readersOf } from "../../state/reads.js";
import { openDialog } from "../../state/ui.js";
import { Avatar } from "../common/avatar.js";
import { Dialog } from "../common/dialog.js";
import { Icon } from "../common/icon.js";
import { useTab } from "./active.js";

export function Marks({ message }) {
  const tab = useTab(message.id);
  const count = useComputed(() => readersOf(message).length).value;
  if (!count) return html`<${Mark} icon="check" label=${t("message.sent")} />`;
  if (!message.group_id) return html`<${Mark} icon="checks" label=${t("message.seen")} />`;
  return html`
    <button
      type="button"
      class="link seen"
      tabindex=${tab}
      aria-label=${t("message.seenBy", { count })}
      onClick=${() => openDialog("readers", { message })}
    >
      <${Icon} name="checks" />
      <span aria-hidden="true">${count}</span>
    </button>
  `;
}

const Mark = ({ icon, label }) => html`
  <span class="mark ${icon}"><${Icon} name=${icon} /><span class="unseen">${label}</span></span>
`;

const byName = (ids) =>
  [...ids].sort((one, other) => person(one).name.localeCompare(person(other).name));

export function ReadersDialog({ message }) {
  const readers = useComputed(() => byName(readersOf(message))).value;
  return html`
    <${Dialog} title=${t("message.seenBy", { count: readers.length })}>
      <ul class="readers">
        ${readers.map(
          (id) => html`
            <li key=${id}>
              <${Avatar} id=${id} presence />
              <span dir="auto">${person(id).name}</span>
            </li>
          `,
        )}
      </ul>
    <//>
  `;
}

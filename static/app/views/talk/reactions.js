// How people reacted to a message; one's own can be put there and taken back.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { isMe, nameOf } from "../../state/people.js";
import { useTab } from "./active.js";
import { reactTo } from "./deeds.js";

// How many names are read out.
const NAMED = 10;

export function Reactions({ message }) {
  const tab = useTab(message.id);
  const given = Object.entries(message.reactions).filter(([, ids]) => ids.length);
  if (!given.length) return null;
  return html`
    <div class="reactions" role="group" aria-label=${t("message.reactions")}>
      ${given.map(
        ([emoji, ids]) => html`
          <button
            key=${emoji}
            type="button"
            tabindex=${tab}
            aria-pressed=${ids.some(isMe)}
            aria-label=${`${emoji} ${ids.length}: ${namesOf(ids)}`}
            onClick=${() => reactTo(message, emoji)}
          >
            <span class="sign" aria-hidden="true">${emoji}</span>
            <span aria-hidden="true">${ids.length}</span>
          </button>
        `,
      )}
    </div>
  `;
}

function namesOf(ids) {
  const names = ids.slice(0, NAMED).map(nameOf);
  if (ids.length > NAMED) names.push("…");
  return names.join(", ");
}

// A face: the picture somebody chose, or their first letter.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { isOnline, isPresenceKnown } from "../../state/presence.js";
import { person } from "../../state/people.js";

const HUES = 12;

// Always the same colour for the same one.
export const hueOf = (id) => parseInt(id.slice(-4), 16) % HUES;
const initialOf = (name) => [...name.trim()][0]?.toLocaleUpperCase() ?? "";

export function Avatar({ id, presence = false }) {
  const { name, avatar_url: picture } = person(id);
  return html`
    <span class="avatar" data-hue=${hueOf(id)}>
      ${
        picture
          ? html`<img src=${picture} alt="" loading="lazy" />`
          : html`<span aria-hidden="true">${initialOf(name)}</span>`
      }
      ${presence && html`<${Dot} id=${id} />`}
    </span>
  `;
}

export const GroupAvatar = ({ id, name }) => html`
  <span class="avatar group" data-hue=${hueOf(id)}>
    <span aria-hidden="true">${initialOf(name)}</span>
  </span>
`;

// Without a connection nobody knows, and nothing is said.
export function Dot({ id }) {
  if (!isPresenceKnown.value) return null;
  return isOnline(id)
    ? html`<span class="dot on" role="img" aria-label=${t("presence.online")}></span>`
    : html`<span class="dot" role="img" aria-label=${t("presence.offline")}></span>`;
}

// One conversation of the list.

import { html, useSignal } from "../../lib/html.js";
import { shortOf } from "../../lib/dates.js";
import { locale, t } from "../../lib/words.js";
import { groupIdOf, peerOf, titleOf } from "../../state/conversations.js";
import { lastUnsaidIn } from "../../state/outbox.js";
import { Avatar, GroupAvatar } from "../common/avatar.js";
import { Icon } from "../common/icon.js";
import { ConversationMenu } from "./menu.js";
import { Preview } from "./preview.js";

// Unread messages that are counted in figures; of more it is said that there are more.
const MOST = 999;

// `hasTab`: whether it is the one that the Tab key comes to.
export function Row({ one, isOpen, hasTab }) {
  const opened = useSignal(false);
  const { id, last_message: last, muted, unread } = one;
  const showMenu = (event) => {
    event.preventDefault();
    opened.value = true;
  };
  return html`
    <li class="thread" onContextMenu=${showMenu}>
      <a
        href="#${id}"
        data-id=${id}
        aria-current=${isOpen ? "page" : null}
        tabindex=${hasTab ? 0 : -1}
      >
        <${Face} id=${id} />
        <span class="title">
          <strong dir="auto">${titleOf(id)}</strong>
          ${muted && html`<${Muted} />`}
        </span>
        <${Moment} stamp=${lastUnsaidIn(id)?.created_at ?? last?.created_at} />
        <${Preview} one=${one} />
        ${unread > 0 && html`<${Badge} count=${unread} muted=${muted} />`}
      </a>
      <${ConversationMenu} id=${id} opened=${opened} isTabbed=${hasTab} />
    </li>
  `;
}

export const Face = ({ id }) =>
  peerOf(id)
    ? html`<${Avatar} id=${peerOf(id)} presence />`
    : html`<${GroupAvatar} id=${groupIdOf(id)} name=${titleOf(id)} />`;

const Moment = ({ stamp }) =>
  stamp && html`<time datetime=${new Date(stamp).toISOString()}>${shortOf(stamp)}</time>`;

const Muted = () => html`
  <${Icon} name="bellOff" />
  <span class="unseen">${t("side.muted")}</span>
`;

const Badge = ({ count, muted }) => html`
  <span class=${muted ? "badge still" : "badge"}>
    <span aria-hidden="true"
      >${count > MOST ? `${MOST}+` : count.toLocaleString(locale.value)}</span
    >
    <span class="unseen">${t("side.unread", { count })}</span>
  </span>
`;

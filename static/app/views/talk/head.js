// Above a conversation: with whom it is, whether they are there, and what can be done with it.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { agoOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { groupOf, isAcquainted, peerOf, titleOf } from "../../state/conversations.js";
import { fetchPresence, isOnline, isPresenceKnown } from "../../state/presence.js";
import { close } from "../../state/route.js";
import { connection } from "../../state/sync.js";
import { openDialog } from "../../state/ui.js";
import { Icon } from "../common/icon.js";
import { MembersLine } from "../groups/members-line.js";
import { ConversationMenu } from "../side/menu.js";
import { Face } from "../side/row.js";

const MINUTE = 60_000;

export function Head({ conversation }) {
  const title = useRef();
  // On a phone the keyboard would cover what one came to read. Before anybody can write: the first
  // letters would go elsewhere.
  useLayoutEffect(() => {
    if (!matchMedia("(pointer: fine)").matches) title.current.focus({ preventScroll: true });
  }, []);
  return html`
    <header class="head">
      <h1 class="unseen alone">RealChat</h1>
      <button type="button" class="plain back" aria-label=${t("talk.back")} onClick=${close}>
        <${Icon} name="back" />
      </button>
      <${Face} id=${conversation} />
      <div class="who">
        <h2 ref=${title} tabindex="-1" dir="auto">${titleOf(conversation)}</h2>
        <p class="quiet">
          ${
            peerOf(conversation)
              ? html`<${Presence} id=${peerOf(conversation)} />`
              : html`<${MembersLine} id=${conversation} />`
          }
        </p>
      </div>
      ${groupOf(conversation) && html`<${AboutGroup} conversation=${conversation} />`}
      <${ConversationMenu} id=${conversation} />
    </header>
  `;
}

const AboutGroup = ({ conversation }) => html`
  <button
    type="button"
    class="plain about"
    aria-label=${t("talk.group")}
    onClick=${() => openDialog("group", { conversation })}
  >
    <${Icon} name="group" />
  </button>
`;

function Presence({ id }) {
  const isHere = isOnline(id);
  const isTold = isAcquainted(id);
  const [seen, setSeen] = useState(null);
  const [, tick] = useState(0);
  const isConnected = connection.value.state === "open";
  useEffect(() => {
    if (isHere || !isTold) return undefined;
    let isWanted = true;
    fetchPresence(id).then((found) => isWanted && setSeen(found?.last_seen ?? null));
    const timer = setInterval(() => tick(Date.now()), MINUTE);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [id, isHere, isTold, isConnected]);
  if (isHere) return html`<span class="here">${t("presence.online")}</span>`;
  if (!isTold || !isPresenceKnown.value) return null;
  return seen ? t("talk.lastSeen", { ago: agoOf(seen) }) : t("presence.offline");
}

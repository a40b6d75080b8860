// The way back to the newest message, with how many are new there.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { conversationOf } from "../../state/conversations.js";
import { Icon } from "../common/icon.js";

export function Jump({ conversation, scroller }) {
  if (scroller.atEnd.value) return null;
  const count = conversationOf(conversation)?.unread ?? 0;
  return html`
    <button
      type="button"
      class="jump"
      aria-label=${count ? t("talk.newestUnread", { count }) : t("talk.newest")}
      onClick=${() => scroller.toEnd()}
    >
      <${Icon} name="down" />
      ${count > 0 && html`<span class="badge" aria-hidden="true">${count}</span>`}
    </button>
  `;
}

// What the message is about: one that it answers, or one that is being changed.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { endContext } from "../../state/composing.js";
import { draftOf } from "../../state/drafts.js";
import { nameOf } from "../../state/people.js";
import { timelineOf } from "../../state/timelines.js";
import { Icon } from "../common/icon.js";

export function Context({ conversation, field }) {
  const { edit, reply } = draftOf(conversation);
  const message = edit?.message ?? reply;
  if (!message) return null;
  const end = () => {
    endContext(conversation);
    field.current.focus();
  };
  return html`
    <div class="context">
      <${Icon} name=${edit ? "edit" : "reply"} />
      <div>
        <p class="about">
          ${edit ? t("compose.editing") : t("compose.replying", { name: nameOf(reply.sender_id) })}
        </p>
        <${Quote} message=${timelineOf(conversation).find(message.id) ?? message} isOwn=${edit} />
      </div>
      <button type="button" class="plain" aria-label=${t("compose.cancel")} onClick=${end}>
        <${Icon} name="close" />
      </button>
    </div>
  `;
}

// In the language that one reads; one's own new text replaces the original.
function Quote({ message, isOwn }) {
  const { content, content_lang, translation, attachments = [] } = message;
  const isTranslated = !isOwn && translation?.status === "ready";
  const shown = isTranslated ? translation.content : content;
  return html`
    <p
      class="quote"
      dir="auto"
      translate="no"
      lang=${isTranslated ? translation.lang : content_lang}
    >
      ${shown || attachments.map(({ name }) => name).join(", ")}
    </p>
  `;
}

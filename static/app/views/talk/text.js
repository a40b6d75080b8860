// A text that people wrote, with its addresses as links and those it names marked.

import { html } from "../../lib/html.js";
import { isEmojiOnly, partsOf } from "../../lib/richtext.js";
import { isMe, person } from "../../state/people.js";
import { useTab } from "./active.js";

export function Text({ id, message, text, lang }) {
  const tab = useTab(message.id);
  if (!text) return null;
  return html`
    <div
      id=${id}
      class=${isEmojiOnly(text) ? "text emoji-only" : "text"}
      lang=${lang}
      dir="auto"
      translate="no"
    >
      ${partsOf(text, namedIn(message)).map((part) => partOf(part, tab))}
    </div>
  `;
}

// The longest name first, so that @Ana Maria is not Ana.
const namedIn = ({ mentions = [] }) =>
  mentions
    .map((id) => ({ id, name: person(id).name }))
    .sort((one, other) => other.name.length - one.name.length);

function partOf({ text, href, mention }, tab) {
  if (mention) return html`<span class=${isMe(mention) ? "mention me" : "mention"}>${text}</span>`;
  if (!href) return text;
  return html`
    <a href=${href} target="_blank" rel="noopener noreferrer" tabindex=${tab}>${text}</a>
  `;
}

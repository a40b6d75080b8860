// Naming members of a group: an "@" in the text offers them.

import { html, useId, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { groupOf } from "../../state/conversations.js";
import { isMe, person } from "../../state/people.js";
import { Avatar } from "../common/avatar.js";
import { insert } from "./field.js";

const MOST = 8;
// What stands before the caret: an "@" at the beginning of a word, and a part of a name.
const BEGUN = /(?:^|[\s([{"'¿¡])@([^@\n]{0,40})$/u;

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export function useMentions(conversation, field) {
  const id = useId();
  // What was begun at which place, and which of the names is chosen.
  const [state, setState] = useState(null);
  const found = state ? namesake(conversation, state.begun) : [];
  const at = Math.min(state?.at ?? 0, found.length - 1);
  const look = () => setState((known) => begunIn(field.current, known));
  const close = () => setState((known) => known && { ...known, isClosed: true });
  const isOpen = found.length > 0 && !state.isClosed;

  function choose(member) {
    const { selectionStart } = field.current;
    field.current.setSelectionRange(selectionStart - state.begun.length, selectionStart);
    insert(field.current, `${member.name} `);
    // Who is called Ana is not asked again whether Ana Maria was meant.
    close();
  }
  const keys = {
    ArrowDown: () => setState({ ...state, at: (at + 1) % found.length }),
    ArrowUp: () => setState({ ...state, at: (at + found.length - 1) % found.length }),
    Enter: () => choose(found[at]),
    Tab: () => choose(found[at]),
    Escape: close,
  };
  // Tells whether a key was meant for the list.
  function take(event) {
    const run = isOpen && !event.ctrlKey && !event.metaKey && !event.shiftKey && keys[event.key];
    if (!run) return false;
    event.preventDefault();
    event.stopPropagation();
    run();
    return true;
  }
  const attributes = groupOf(conversation) && {
    "aria-autocomplete": "list",
    "aria-controls": isOpen ? id : null,
    "aria-activedescendant": isOpen ? `${id}-${found[at].id}` : null,
  };
  return { id, found: isOpen ? found : [], at, choose, look, take, close, attributes };
}

export function MentionList({ id, found, at, choose }) {
  if (!found.length) return null;
  // The caret stays where it is.
  const stay = (event) => event.preventDefault();
  return html`
    <ul class="mentions popup" role="listbox" id=${id} aria-label=${t("compose.mention")}>
      ${found.map(
        (member, place) => html`
          <li
            key=${member.id}
            id="${id}-${member.id}"
            role="option"
            aria-selected=${String(place === at)}
            onMouseDown=${stay}
            onClick=${() => choose(member)}
          >
            <${Avatar} id=${member.id} />
            <span dir="auto" translate="no">${member.name}</span>
          </li>
        `,
      )}
    </ul>
  `;
}

function begunIn(field, known) {
  const { value, selectionStart, selectionEnd } = field;
  const match = selectionStart === selectionEnd && BEGUN.exec(value.slice(0, selectionStart));
  if (!match) return null;
  const isSame = known?.begun === match[1] && known.place === match.index;
  // What was left by Escape stays away until another "@".
  const isClosed = known?.place === match.index && known.isClosed;
  return isSame ? known : { begun: match[1], place: match.index, at: 0, isClosed };
}

// Those whose name, or a word of it, begins as it was begun.
function namesake(conversation, begun) {
  const wanted = fold(begun);
  const { members = [] } = groupOf(conversation) ?? {};
  return members
    .filter((id) => !isMe(id))
    .map(person)
    .filter(({ name }) => fold(name).startsWith(wanted) || fold(name).includes(` ${wanted}`))
    .slice(0, MOST);
}

// Choosing people: a search, and those who are chosen as chips.

import { html, useRef, useState } from "../../lib/html.js";
import { languageName } from "../../lib/languages.js";
import { t } from "../../lib/words.js";
import { know, person, searchPeople } from "../../state/people.js";
import { ErrorLine } from "../common/action.js";
import { Avatar } from "../common/avatar.js";
import { Icon } from "../common/icon.js";
import { step, useFound } from "../common/searching.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

// `chosen` are the ids of those who are chosen, `left` of those who cannot be.
export function Picker({ chosen, choose, left = [] }) {
  const [asked, ask] = useState("");
  const field = useRef();
  const { found, error } = useFound(asked, searchPeople);
  const offered = found?.filter(({ id }) => !chosen.includes(id) && !left.includes(id));
  const add = (user) => {
    know(user);
    choose([...chosen, user.id]);
    ask("");
    field.current.focus();
  };
  const drop = (id) => {
    choose(chosen.filter((one) => one !== id));
    field.current.focus();
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape" && asked) ask("");
    // The end of a search, not of the form around it.
    else if (event.key === "Enter") offered?.length && add(offered[0]);
    else return;
    event.preventDefault();
  };
  return html`
    <div class="picker">
      <label>
        ${t("groups.add_people")}
        <input
          ref=${field}
          type="search"
          maxlength="200"
          autocomplete="off"
          placeholder=${t("groups.add_hint")}
          value=${asked}
          onInput=${({ target }) => ask(target.value)}
          onKeyDown=${onKeyDown}
        />
      </label>
      <${ErrorLine} text=${error} />
      ${offered && html`<${Offered} users=${offered} add=${add} />`}
      ${
        chosen.length > 0 &&
        html`
          <ul class="chips" aria-label=${t("groups.chosen")}>
            ${chosen.map((id) => html`<${Chip} key=${id} id=${id} drop=${drop} />`)}
          </ul>
        `
      }
    </div>
  `;
}

function Offered({ users, add }) {
  if (!users.length) return html`<p class="quiet" role="status">${t("side.nobody")}</p>`;
  const onKeyDown = (event) => {
    const by = STEPS[event.key];
    if (by && step(event.currentTarget, ".hit", by)) event.preventDefault();
  };
  return html`
    <ul class="offered" aria-label=${t("side.people_found")} onKeyDown=${onKeyDown}>
      ${users.map(
        (user) => html`
          <li key=${user.id}>
            <button type="button" class="hit" onClick=${() => add(user)}>
              <${Face} user=${user} />
              <span class="hit-text">
                <strong dir="auto">${user.name}</strong>
                <span class="quiet">${languageName(user.language)}</span>
              </span>
              <${Icon} name="plus" />
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}

function Face({ user }) {
  know(user);
  return html`<${Avatar} id=${user.id} />`;
}

const Chip = ({ id, drop }) => html`
  <li class="chip">
    <span dir="auto">${person(id).name}</span>
    <button
      type="button"
      class="plain"
      aria-label=${t("groups.drop", { name: person(id).name })}
      onClick=${() => drop(id)}
    >
      <${Icon} name="close" />
    </button>
  </li>
`;

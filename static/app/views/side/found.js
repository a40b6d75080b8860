// What a search found: people to talk to, and messages that were said.

import { html, useEffect } from "../../lib/html.js";
import { languageName } from "../../lib/languages.js";
import { t } from "../../lib/words.js";
import { directId } from "../../state/conversations.js";
import { know, searchPeople } from "../../state/people.js";
import { show } from "../../state/route.js";
import { announce } from "../../state/ui.js";
import { ErrorLine } from "../common/action.js";
import { Avatar } from "../common/avatar.js";
import { step, useFound } from "../common/searching.js";
import { Hits } from "./hits.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export function Found({ asked, ask }) {
  const people = useFound(asked, searchPeople);
  const leave = () => {
    ask("");
    document.getElementById("finder").focus();
  };
  const onKeyDown = (event) => {
    const by = STEPS[event.key];
    if (event.key === "Escape") leave();
    else if (!by) return;
    else if (!step(event.currentTarget, ".hit", by) && by < 0)
      document.getElementById("finder").focus();
    event.preventDefault();
  };
  const choose = (user) => {
    know(user);
    ask("");
    show(directId(user.id));
  };
  return html`
    <div class="found" onKeyDown=${onKeyDown}>
      <${People} ...${people} choose=${choose} />
      <${Hits} asked=${asked} />
    </div>
  `;
}

function People({ found, error, choose }) {
  useEffect(() => {
    if (found) announce(t("side.found_people", { count: found.length }));
  }, [found]);
  return html`
    <section aria-busy=${String(!found)}>
      <h2>${t("side.people")}</h2>
      <${ErrorLine} text=${error} />
      ${found && !found.length && !error && html`<p class="quiet">${t("side.nobody")}</p>`}
      <ul aria-label=${t("side.people_found")}>
        ${found?.map(
          (user) => html`
            <li key=${user.id}>
              <button type="button" class="hit" onClick=${() => choose(user)}>
                <${Face} user=${user} />
                <span class="hit-text">
                  <strong dir="auto">${user.name}</strong>
                  <span class="quiet">${languageName(user.language)}</span>
                </span>
              </button>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

function Face({ user }) {
  know(user);
  return html`<${Avatar} id=${user.id} />`;
}

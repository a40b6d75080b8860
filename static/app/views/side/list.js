// One's conversations, the newest first.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { hasList } from "../../state/conversations.js";
import { listed } from "../../state/listed.js";
import { open, show } from "../../state/route.js";
import { step } from "../common/searching.js";
import { Empty } from "./empty.js";
import { Row } from "./row.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const ENDS = { Home: 0, End: -1 };

export function List() {
  const [last, setLast] = useState(""); // the one that had the focus last
  const box = useRef();
  const id = open.value;
  const left = useRef("");
  useLayoutEffect(() => {
    if (id) box.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    else if (left.current) comeBack(box.current, left.current);
    left.current = id;
  }, [id]);
  const all = listed.value;
  if (!all.length) return hasList.value ? html`<${Empty} />` : html`<${Waiting} />`;
  const tabbed = [last, id].find((one) => all.some((known) => known.id === one)) ?? all[0].id;
  return html`
    <ul
      ref=${box}
      class="entries"
      aria-label=${t("side.yours")}
      onKeyDown=${(event) => move(event, box.current)}
      onFocusIn=${({ target }) => target.dataset.id && setLast(target.dataset.id)}
    >
      ${all.map(
        (one) => html`
          <${Row} key=${one.id} one=${one} isOpen=${one.id === id} hasTab=${one.id === tabbed} />
        `,
      )}
    </ul>
  `;
}

// What had the focus is gone with the conversation that was left.
function comeBack(list, id) {
  if (document.activeElement !== document.body) return;
  const row = list?.querySelector(`.thread > a[data-id="${id}"]`);
  (row ?? document.getElementById("finder"))?.focus();
}

function move(event, list) {
  if (!event.target.matches(".thread > a") || event.altKey) return;
  if (event.key in STEPS) step(list, ".thread > a", STEPS[event.key]);
  else if (event.key in ENDS)
    [...list.querySelectorAll(".thread > a")].at(ENDS[event.key])?.focus();
  else return;
  event.preventDefault();
}

// The next or previous one, from anywhere on the page.
export function useNeighbours() {
  useEffect(() => {
    const turn = (event) => {
      if (!event.altKey || !(event.key in STEPS) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      const ids = listed.value.map(({ id }) => id);
      const at = ids.indexOf(open.value) + STEPS[event.key];
      const next = open.value ? ids[at] : ids[0];
      if (next) show(next);
    };
    addEventListener("keydown", turn);
    return () => removeEventListener("keydown", turn);
  }, []);
}

const Waiting = () => html`<p class="quiet waiting">${t("side.loading")}</p>`;

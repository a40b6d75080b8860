// A field that finds people by name or address.

import { call } from "./api.js";
import { attempt, element, languageName, settled } from "./dom.js";
import { know, me } from "./state.js";

// Milliseconds without a key after which what is typed is looked for.
const PAUSE = 250;

// `choose(profile)` gets the one who is picked from the list; `note(text)` tells what went wrong.
export function wireFinder(field, list, note, choose) {
  const empty = () => {
    field.value = "";
    show([]);
  };
  const show = (found) => {
    list.hidden = !found.length;
    list.replaceChildren(...found.map((one) => element("li", {}, button(one))));
  };
  const pick = (one) => {
    know(one);
    empty();
    choose(one);
  };
  const button = (one) =>
    element(
      "button",
      { type: "button", onclick: () => pick(one) },
      element("strong", { dir: "auto" }, one.name),
      element("span", { className: "quiet" }, languageName(one.language)),
    );
  const find = async () => {
    const asked = field.value.trim();
    const found = asked
      ? await call("GET", `/users/search?${new URLSearchParams({ q: asked })}`)
      : [];
    if (asked !== field.value.trim()) return;
    const others = found.filter((one) => one.id !== me().id);
    show(others);
    note(asked && !others.length ? "Nobody found." : "");
  };
  field.oninput = settled(PAUSE, () => attempt(note, find));
  field.onkeydown = (event) => {
    if (event.key === "Escape") empty();
    // The end of a search, not of the form around it.
    if (event.key === "Enter") event.preventDefault();
  };
}

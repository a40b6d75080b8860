// The ways into groups: making one, and joining one.

import { call } from "./api.js";
import { $, attempt, element } from "./dom.js";
import { wireFinder } from "./finder.js";
import { addGroup } from "./state.js";

const chosen = new Map();

async function create() {
  const body = {
    name: $("group-name").value,
    members: [...chosen.keys()],
    private: $("group-private").checked,
  };
  const group = await call("POST", "/groups", body);
  chosen.clear();
  showChosen();
  return group;
}

function join() {
  const key = $("join-key").value.trim();
  const body = /^[0-9a-f]{24}$/.test(key) ? { group_id: key } : { invite: key };
  return call("POST", "/groups/join", body);
}

function showChosen() {
  $("group-members").replaceChildren(...[...chosen.values()].map(chip));
}

function chip(one) {
  const ariaLabel = `Leave out ${one.name}`;
  const onclick = () => {
    chosen.delete(one.id);
    showChosen();
  };
  const drop = element("button", { type: "button", className: "link", ariaLabel, onclick }, "×");
  return element("li", { dir: "auto" }, one.name, drop);
}

function wireForm(id, note, enter, open) {
  const form = $(id).querySelector("form");
  form.onsubmit = (event) => {
    event.preventDefault();
    attempt(note, async () => {
      const group = await enter();
      form.reset();
      $(id).open = false;
      open(addGroup(group));
    });
  };
}

export function wireGroups(open) {
  const notes = ["group-error", "join-error"].map((id) => (text) => ($(id).textContent = text));
  wireForm("new-group", notes[0], create, open);
  wireForm("join-group", notes[1], join, open);
  wireFinder($("group-people"), $("group-found"), notes[0], (one) => {
    chosen.set(one.id, one);
    showChosen();
    $("group-people").focus();
  });
}

// Reads both documents and shows them as one page.
import { element } from "./elements.js";
import { showFrames } from "./frames.js";
import { showOperations } from "./operations.js";

const content = document.getElementById("content");
const links = document.getElementById("links");
const state = document.getElementById("state");
const filter = document.getElementById("filter");
const found = document.getElementById("found");
const contents = document.getElementById("contents");

async function read(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.json();
}

async function start() {
  try {
    const [rest, socket] = await Promise.all([read("openapi.json"), read("asyncapi.json")]);
    content.append(...showOperations(rest), ...showFrames(socket));
  } catch (error) {
    state.textContent = `The documents cannot be read (${error.message}). Reload the page.`;
    return;
  }
  state.remove();
  listSections();
  contents.open = matchMedia("(min-width: 60rem)").matches;
  openTarget();
}

function listSections() {
  for (const section of content.querySelectorAll("section")) {
    const heading = section.querySelector("h2, h3");
    links.append(
      element("li", { className: heading.tagName === "H2" ? "part" : "room" },
        element("a", { href: `#${section.id}` }, heading.textContent)),
    );
  }
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target instanceof HTMLDetailsElement) target.open = true;
  target.scrollIntoView();
}

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const entry of content.querySelectorAll("details.entry")) {
    entry.hidden = !words.every((word) => entry.dataset.words.includes(word));
    shown += entry.hidden ? 0 : 1;
  }
  for (const section of content.querySelectorAll("section.room")) {
    section.hidden = words.length > 0 && !section.querySelector("details.entry:not([hidden])");
  }
  found.textContent = words.length ? `${shown} found` : "";
}

filter.addEventListener("input", narrow);
addEventListener("hashchange", openTarget);
await start();

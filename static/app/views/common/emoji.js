// Choosing an emoji: groups of them in a grid, those used last first.

import { html, signal, useId, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { GROUPS } from "./emoji-data.js";
import { Icon } from "./icon.js";
import { Popover } from "./popover.js";

const KEY = "realchat.emoji";
const MOST_RECENT = 16;

const recent = signal(JSON.parse(localStorage.getItem(KEY)) ?? []);

function remember(emoji) {
  recent.value = [emoji, ...recent.value.filter((one) => one !== emoji)].slice(0, MOST_RECENT);
  localStorage.setItem(KEY, JSON.stringify(recent.value));
}

// The grid alone. It takes the focus when the box around it is shown, which is after its own effects; `onPick(emoji)` is told of the choice.
export function EmojiPicker({ onPick }) {
  const box = useRef();
  // What is used meanwhile does not move the grid under a finger.
  const used = useRef(recent.value).current;
  useLayoutEffect(() => {
    const first = box.current.querySelector("button");
    Object.assign(first, { autofocus: true, tabIndex: 0 });
  }, []);
  const pick = ({ target }) => {
    const emoji = target.closest("button")?.textContent;
    if (!emoji) return;
    remember(emoji);
    onPick(emoji);
  };
  return html`
    <div ref=${box} class="emoji" onClick=${pick} onKeyDown=${(event) => move(event, box.current)}>
      ${used.length > 0 && html`<${Group} name="emoji.recent" emoji=${used} />`}
      ${GROUPS.map((group) => html`<${Group} key=${group.name} ...${group} />`)}
    </div>
  `;
}

function Group({ name, emoji }) {
  const label = useId();
  return html`
    <div role="group" aria-labelledby=${label}>
      <p id=${label} class="quiet">${t(name)}</p>
      <div class="grid" translate="no">
        ${emoji.map((one) => html`<button key=${one} type="button" tabindex="-1">${one}</button>`)}
      </div>
    </div>
  `;
}

// A button that shows the picker beside itself, until one is chosen or it is left.
export function EmojiButton({ label, icon = "smile", onPick }) {
  const button = useRef();
  const [isOpen, setOpen] = useState(false);
  function close(isBack) {
    setOpen(false);
    if (isBack) button.current.focus();
  }
  const picked = (emoji) => {
    close(true);
    onPick(emoji);
  };
  return html`
    <button
      ref=${button}
      type="button"
      class="plain"
      aria-label=${label}
      aria-haspopup="dialog"
      aria-expanded=${String(isOpen)}
      onClick=${() => setOpen(!isOpen)}
    >
      <${Icon} name=${icon} />
    </button>
    ${
      isOpen &&
      html`
        <${Popover}
          anchor=${button.current}
          onClose=${close}
          role="dialog"
          aria-label=${label}
          className="emoji-box"
        >
          <${EmojiPicker} onPick=${picked} />
        <//>
      `
    }
  `;
}

// One of them can be reached by Tab, the others by arrows.
function focusOn(button) {
  if (!button) return;
  const box = button.closest(".emoji");
  for (const one of box.querySelectorAll("button[tabindex='0']")) one.tabIndex = -1;
  button.tabIndex = 0;
  button.focus();
}

function move(event, box) {
  const all = [...box.querySelectorAll("button")];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const towards = next(event.key, all, at);
  if (!towards) return;
  event.preventDefault();
  event.stopPropagation();
  focusOn(towards);
}

function next(key, all, at) {
  const forward = document.documentElement.dir === "rtl" ? -1 : 1;
  if (key === "ArrowRight") return all[at + forward];
  if (key === "ArrowLeft") return all[at - forward];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  if (key === "ArrowDown") return nearest(all.slice(at + 1), all[at]);
  if (key === "ArrowUp") return nearest(all.slice(0, at).reverse(), all[at]);
  return null;
}

// The one in the next row that is the least to the side.
function nearest(following, from) {
  const { top, left } = from.getBoundingClientRect();
  const places = following.map((button) => ({ button, place: button.getBoundingClientRect() }));
  const row = places.find(({ place }) => Math.abs(place.top - top) > place.height / 2)?.place.top;
  return places
    .filter(({ place }) => place.top === row)
    .sort((one, other) => Math.abs(one.place.left - left) - Math.abs(other.place.left - left))[0]
    ?.button;
}

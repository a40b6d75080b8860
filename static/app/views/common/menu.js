// A menu: a button, and what can be chosen with it by mouse, finger or arrow keys.

import { html, useLayoutEffect, useRef, useSignal } from "../../lib/html.js";
import { Icon } from "./icon.js";
import { Popover } from "./popover.js";

// `items` are {label, icon?, run, isDanger?, glyph?}, or a function that makes them; those that are
// false are left out. One with a `glyph` shows it alone, in a row with its like. `opened` is a
// signal where it is opened by something else, too; `isTabbed` says whether Tab comes here.
export function Menu({
  label,
  icon = "more",
  items,
  className = "plain",
  opened,
  isTabbed = true,
}) {
  const button = useRef();
  const own = useSignal(false);
  const isOpen = opened ?? own;
  return html`
    <button
      ref=${button}
      type="button"
      class=${className}
      aria-label=${label}
      aria-haspopup="menu"
      aria-expanded=${isOpen.value}
      tabindex=${isTabbed ? 0 : -1}
      onClick=${() => (isOpen.value = !isOpen.value)}
    >
      <${Icon} name=${icon} />
    </button>
    ${
      isOpen.value &&
      html`
        <${MenuList}
          label=${label}
          anchor=${button.current}
          items=${typeof items === "function" ? items() : items}
          onClose=${() => (isOpen.value = false)}
        />
      `
    }
  `;
}

// The menu itself, beside an element that is there already.
export function MenuList({ label, anchor, items, onClose, heading }) {
  const box = useRef();
  useLayoutEffect(() => focusables(box.current)[0]?.focus(), []);
  const leave = (isBack) => {
    if (isBack) anchor.focus();
    onClose();
  };
  const shown = items.filter(Boolean);
  const [glyphs, lines] = [shown.filter((one) => one.glyph), shown.filter((one) => !one.glyph)];
  // What is chosen may move the focus on from where it was.
  const choose = (item) => {
    leave(true);
    item.run();
  };
  return html`
    <${Popover} anchor=${anchor} onClose=${leave} className="menu">
      ${heading}
      <div ref=${box} role="menu" aria-label=${label} onKeyDown=${(event) => move(event, leave)}>
        ${
          glyphs.length > 0 &&
          html`
            <div class="glyphs" role="group">
              ${glyphs.map((one) => html`<${Item} key=${one.label} ...${one} choose=${() => choose(one)} />`)}
            </div>
          `
        }
        ${lines.map((one) => html`<${Item} key=${one.label} ...${one} choose=${() => choose(one)} />`)}
      </div>
    <//>
  `;
}

function Item({ label, icon, glyph, isDanger, choose }) {
  const look = ["item", isDanger && "danger", glyph && "glyph"].filter(Boolean).join(" ");
  return html`
    <button
      type="button"
      role="menuitem"
      tabindex="-1"
      class=${look}
      aria-label=${glyph ? label : undefined}
      onClick=${choose}
    >
      ${glyph ?? html`${icon && html`<${Icon} name=${icon} />`}<span>${label}</span>`}
    </button>
  `;
}

const focusables = (box) => [...box.querySelectorAll("[role=menuitem]")];

function move(event, leave) {
  const items = focusables(event.currentTarget);
  const at = items.indexOf(document.activeElement);
  const next = nextOf(event, items, at);
  if (event.key === "Tab") leave(true);
  else if (!next) return;
  if (next) next.focus();
  event.preventDefault();
  event.stopPropagation();
}

function nextOf({ key, ctrlKey, metaKey, altKey, currentTarget }, items, at) {
  const isTurned = getComputedStyle(currentTarget).direction === "rtl";
  const [ahead, back] = isTurned ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
  if (key === "ArrowDown" || key === ahead) return items[(at + 1) % items.length];
  if (key === "ArrowUp" || key === back) return items.at(at < 1 ? -1 : at - 1);
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  if (key.length > 1 || key === " " || ctrlKey || metaKey || altKey) return null;
  // By the first letter, as everywhere.
  const typed = key.toLocaleLowerCase();
  return [...items.slice(at + 1), ...items.slice(0, at + 1)].find((item) =>
    item.textContent.trim().toLocaleLowerCase().startsWith(typed),
  );
}

// Tabs, as the ARIA Authoring Practices have them: arrows, Home and End choose, Tab goes on.

import { html, useId, useState } from "../../lib/html.js";
import { Icon } from "./icon.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

// `tabs` are [{name, label, icon, view}], the view being a component.
export function Tabs({ label, tabs, first }) {
  const [chosen, choose] = useState(first ?? tabs[0].name);
  const id = useId();
  const at = tabs.findIndex(({ name }) => name === chosen);
  function onKeyDown(event) {
    const to = target(event, at, tabs.length);
    if (to === null) return;
    event.preventDefault();
    choose(tabs[to].name);
    event.currentTarget.children[to].focus();
  }
  const View = tabs[at].view;
  return html`
    <div class="tabs">
      <div role="tablist" aria-label=${label} onKeyDown=${onKeyDown}>
        ${tabs.map(
          ({ name, label, icon }) => html`
            <button
              type="button"
              role="tab"
              id="${id}-${name}"
              aria-controls="${id}-panel"
              aria-selected=${String(name === chosen)}
              tabindex=${name === chosen ? 0 : -1}
              autofocus=${name === chosen}
              onClick=${() => choose(name)}
            >
              <${Icon} name=${icon} /><span>${label}</span>
            </button>
          `,
        )}
      </div>
      <div role="tabpanel" id="${id}-panel" aria-labelledby="${id}-${chosen}" tabindex="0">
        <${View} key=${chosen} />
      </div>
    </div>
  `;
}

function target({ key, currentTarget }, at, count) {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (!(key in STEPS)) return null;
  const isTurned = /Left|Right/.test(key) && getComputedStyle(currentTarget).direction === "rtl";
  return (at + (isTurned ? -STEPS[key] : STEPS[key]) + count) % count;
}

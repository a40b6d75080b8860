// The sheet of keys.

import { html } from "../../lib/html.js";
import { hasWords, t } from "../../lib/words.js";
import { choose, settings } from "../../state/settings.js";
import { SHORTCUTS, isMac } from "../../state/shortcuts.js";
import { Dialog } from "../common/dialog.js";

const SIGNS = { ArrowUp: "↑", ArrowDown: "↓" };
const MAC = { Mod: "⌘", Alt: "⌥", Shift: "⇧" };

export function Help() {
  const toggle = ({ target }) => choose({ shortcuts: target.checked });
  return html`
    <${Dialog} title=${t("help.title")} className="help">
      ${SHORTCUTS.map((part) => html`<${Part} key=${part.name} ...${part} />`)}
      <label class="check">
        <input type="checkbox" checked=${settings.value.shortcuts} onChange=${toggle} />
        <span>${t("help.single")}<span class="quiet">${t("help.single-why")}</span></span>
      </label>
    <//>
  `;
}

const Part = ({ name, keys }) => html`
  <section>
    <h3>${t(name)}</h3>
    <dl>
      ${keys.map(
        ({ keys: ways, words }) => html`
          <div key=${words}>
            <dt>${t(words)}</dt>
            <dd>
              ${ways.map((way, at) => html`${at > 0 && html`<span class="quiet">${t("help.or")}</span>`}<${Keys} way=${way} />`)}
            </dd>
          </div>
        `,
      )}
    </dl>
  </section>
`;

const Keys = ({ way }) => html`
  <kbd>${way.split(/\+(?=.)/).map((key) => html`<kbd>${labelOf(key)}</kbd>`)}</kbd>
`;

function labelOf(key) {
  if (isMac && MAC[key]) return MAC[key];
  const named = `key.${key.toLowerCase()}`;
  return SIGNS[key] ?? (hasWords(named) ? t(named) : key.toUpperCase());
}

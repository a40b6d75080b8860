// In which language and colours the page is, before anybody is known.

import { html, useEffect, useState } from "../../lib/html.js";
import { ownName } from "../../lib/languages.js";
import { LANGUAGES, chooseWords, locale, t } from "../../lib/words.js";
import { choose, settings } from "../../state/settings.js";
import { Icon } from "../common/icon.js";

const DARK = "(prefers-color-scheme: dark)";

export const Preferences = () => html`
  <div class="preferences">
    <label>
      <${Icon} name="globe" />
      <span class="unseen">${t("entrance.words")}</span>
      <select onChange=${({ target }) => chooseWords(target.value)}>
        ${LANGUAGES.map(
          (code) => html`
            <option value=${code} lang=${code} selected=${code === locale.value}>
              ${ownName(code)}
            </option>
          `,
        )}
      </select>
    </label>
    <${Darkness} />
  </div>
`;

function Darkness() {
  const isDark = useDark();
  return html`
    <button
      type="button"
      class="plain"
      aria-label=${t("entrance.dark")}
      aria-pressed=${String(isDark)}
      onClick=${() => choose({ theme: isDark ? "light" : "dark" })}
    >
      <${Icon} name=${isDark ? "sun" : "moon"} />
    </button>
  `;
}

// Whether the page is dark now, by choice or as the system is.
function useDark() {
  const [isSystemDark, setSystemDark] = useState(matchMedia(DARK).matches);
  useEffect(() => {
    const system = matchMedia(DARK);
    const follow = () => setSystemDark(system.matches);
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);
  const { theme } = settings.value;
  return theme === "auto" ? isSystemDark : theme === "dark";
}

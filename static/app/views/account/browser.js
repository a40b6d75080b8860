// What is chosen for this browser: colours, notifications, sound.

import { html, useId } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { choose, chooseNotifications, permission, settings } from "../../state/settings.js";
import { Icon } from "../common/icon.js";

const THEMES = { auto: "screen", light: "sun", dark: "moon" };

export const Browser = () => html`
  <${Theme} />
  <section>
    <h3>${t("account.news")}</h3>
    <${Notifications} />
    <${Switch}
      label=${t("account.sound")}
      isOn=${settings.value.sound}
      onChange=${(sound) => choose({ sound }).sound}
    />
  </section>
`;

const Theme = () => html`
  <fieldset>
    <legend>${t("account.theme")}</legend>
    <div class="segments">
      ${Object.keys(THEMES).map(
        (theme) => html`
          <label>
            <input
              type="radio"
              name="theme"
              checked=${settings.value.theme === theme}
              onChange=${() => choose({ theme })}
            />
            <${Icon} name=${THEMES[theme]} />
            ${t(`account.theme.${theme}`)}
          </label>
        `,
      )}
    </div>
  </fieldset>
`;

function Notifications() {
  const isRefused = permission.value === "denied";
  const isOn = settings.value.notifications && permission.value === "granted";
  return html`
    <${Switch}
      label=${t("account.notifications")}
      isOn=${isOn}
      disabled=${permission.value === "none"}
      hint=${permission.value === "none" && t("account.notifications.none")}
      onChange=${chooseNotifications}
    />
    ${isRefused && html`<p class="error" role="alert">${t("account.notifications.refused")}</p>`}
  `;
}

// `onChange(wanted)` returns what came of it: the browser may refuse.
function Switch({ label, hint, isOn, disabled, onChange }) {
  const id = useId();
  async function change({ target }) {
    const wanted = target.checked;
    // Until the browser has asked.
    target.checked = isOn;
    target.checked = await onChange(wanted);
  }
  return html`
    <label class="check">
      <input
        type="checkbox"
        checked=${isOn}
        disabled=${disabled}
        aria-describedby=${hint ? id : null}
        onChange=${change}
      />
      ${label}
    </label>
    ${hint && html`<p class="quiet" id=${id}>${hint}</p>`}
  `;
}

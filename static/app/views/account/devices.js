// Where one is signed in; each can be signed out from here.

import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { agoOf } from "../../lib/dates.js";
import { deviceOf } from "../../lib/devices.js";
import { t } from "../../lib/words.js";
import { devices, endDevice, loadDevices } from "../../state/self.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Icon } from "../common/icon.js";

// How many are shown to whoever did not ask for all.
const FEW = 5;

export function Devices() {
  const { error, run } = useAction();
  const [isWhole, setWhole] = useState(false);
  const head = useRef();
  useEffect(() => void run(loadDevices), []);
  const all = sorted(devices.value ?? []);
  const shown = isWhole ? all : all.slice(0, FEW);
  const end = (id) =>
    run(async () => {
      await endDevice(id);
      // The button that had the focus is gone.
      head.current?.focus();
    });
  return html`
    <section>
      <h3 ref=${head} tabindex="-1">${t("account.devices")}</h3>
      <ul class="devices" aria-busy=${String(!devices.value && !error)}>
        ${shown.map((one) => html`<${Device} key=${one.id} device=${one} end=${end} />`)}
      </ul>
      ${
        all.length > shown.length &&
        html`
          <button type="button" class="link" onClick=${() => setWhole(true)}>
            ${t("account.devices.more", { count: all.length - shown.length })}
          </button>
        `
      }
      <${ErrorLine} text=${error} />
    </section>
  `;
}

// This one first; the server has the rest by when they were seen.
const sorted = (all) => [...all].sort((one, other) => other.current - one.current);

function Device({ device, end }) {
  const { id, user_agent: agent, current, last_seen: seen } = device;
  const { isPhone } = deviceOf(agent);
  const name = nameOf(agent);
  return html`
    <li>
      <${Icon} name=${isPhone ? "phone" : "screen"} />
      <div>
        <strong>${name}</strong>
        ${
          current
            ? html`<span class="this">${t("account.devices.this")}</span>`
            : html`<time class="quiet" datetime=${seen}
                >${t("account.devices.seen", { time: agoOf(seen) })}</time
              >`
        }
      </div>
      ${
        !current &&
        html`
          <button
            type="button"
            aria-label=${t("account.devices.endNamed", { name, time: agoOf(seen) })}
            onClick=${() => end(id)}
          >
            ${t("account.devices.end")}
          </button>
        `
      }
    </li>
  `;
}

function nameOf(agent) {
  const { browser, system } = deviceOf(agent);
  if (browser && system) return t("account.devices.on", { browser, system });
  return browser || system || agent || t("account.devices.unknown");
}

// Pictures as large as the window: those of a message, one after the other.

import { html, useLayoutEffect, useState } from "../../lib/html.js";
import { sizeOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { Dialog } from "../common/dialog.js";
import { Icon } from "../common/icon.js";

export function Viewer({ file, pictures }) {
  const [shown, show] = useState(file);
  const at = pictures.findIndex(({ url }) => url === shown.url);
  const go = (step) => pictures[at + step] && show(pictures[at + step]);
  useLayoutEffect(() => {
    const forward = document.documentElement.dir === "rtl" ? -1 : 1;
    const step = ({ key }) => go({ ArrowRight: forward, ArrowLeft: -forward }[key]);
    addEventListener("keydown", step);
    return () => removeEventListener("keydown", step);
  });
  return html`
    <${Dialog} title=${shown.name} className="viewer">
      <div class="stage">
        <img key=${shown.url} src=${shown.url} alt=${shown.name} />
        <footer class="row">
          ${
            pictures.length > 1 &&
            html`
              <${Step} icon="back" label=${t("viewer.previous")} may=${at > 0} go=${() => go(-1)} />
              <span aria-live="polite"
                >${t("viewer.place", { at: at + 1, count: pictures.length })}</span
              >
              <${Step}
                icon="next"
                label=${t("viewer.next")}
                may=${at < pictures.length - 1}
                go=${() => go(1)}
              />
            `
          }
          <a class="button" href=${shown.url} download=${shown.name}>
            <${Icon} name="down" />
            <span>${t("file.download")}</span>
            <span class="quiet">${sizeOf(shown.size)}</span>
          </a>
        </footer>
      </div>
    <//>
  `;
}

// It stays a stop of the Tab key where it leads nowhere, so that the focus does not get lost.
const Step = ({ icon, label, may, go }) => html`
  <button
    type="button"
    class="plain step ${icon}"
    aria-label=${label}
    aria-disabled=${!may}
    onClick=${go}
  >
    <${Icon} name="back" />
  </button>
`;

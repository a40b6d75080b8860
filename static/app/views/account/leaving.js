// Signing out, here or everywhere; asks first where something would be lost.

import { html, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { signOut } from "../../net/session.js";
import { outgoing } from "../../state/outbox.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Sure } from "./parts.js";

export function Leaving() {
  const { busy, error, run } = useAction();
  const [asked, ask] = useState(""); // "here", "everywhere", or nothing
  const head = useRef();
  function stay() {
    ask("");
    // The button that had the focus is gone.
    head.current.focus();
  }
  const unsent = outgoing.value.size;
  const leave = (from) => run(() => signOut(from === "everywhere"));
  const here = () => (unsent ? ask("here") : leave("here"));
  const lost = unsent ? t("account.unsent", { count: unsent }) : "";
  const text = asked === "everywhere" ? `${t("account.everywhere.sure")} ${lost}` : lost;
  return html`
    <section>
      <h3 ref=${head} tabindex="-1">${t("account.leaving")}</h3>
      ${
        asked
          ? html`
              <${Sure}
                text=${text.trim()}
                does=${t("account.signOut")}
                busy=${busy}
                onYes=${() => leave(asked)}
                onNo=${stay}
              />
            `
          : html`
              <div class="row">
                <button type="button" disabled=${busy} onClick=${here}>
                  ${t("account.signOut")}
                </button>
                <button type="button" class="danger" onClick=${() => ask("everywhere")}>
                  ${t("account.everywhere")}
                </button>
              </div>
            `
      }
      <${ErrorLine} text=${error} />
    </section>
  `;
}

// Whether there is a connection, said quietly.

import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/words.js";
import { connectNow, connection, isAway } from "../state/sync.js";

// Milliseconds that a connection may take before anybody needs to hear of it.
const UNNOTICED = 800;

export function Banner() {
  const isConnected = connection.value.state === "open" && !isAway.value;
  const [isShown, show] = useState(false);
  useEffect(() => {
    if (isConnected) return show(false);
    const timer = setTimeout(() => show(true), UNNOTICED);
    return () => clearTimeout(timer);
  }, [isConnected]);
  return html`
    <div class="banner" role="status">
      ${
        isShown &&
        html`
          <span>${t(navigator.onLine ? "connection.lost" : "connection.offline")}</span>
          <button type="button" class="link" onClick=${connectNow}>${t("connection.retry")}</button>
        `
      }
    </div>
  `;
}

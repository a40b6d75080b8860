// A part of the page that is fetched when it is first shown.

import { html, useEffect, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";

// `load()` returns a component; what else is given goes to it. `whenFailed` is told if it cannot.
export function Lazy({ load, whenFailed, ...properties }) {
  const [state, setState] = useState({});
  useEffect(() => {
    load().then(
      (Part) => setState({ Part }),
      (error) => (whenFailed ? whenFailed(error) : setState({ error })),
    );
  }, []);
  const { Part, error } = state;
  if (Part) return html`<${Part} ...${properties} />`;
  if (!error) return null;
  return html`
    <main class="failure" role="alert">
      <p>${t("error.offline")}</p>
      <button type="button" onClick=${() => location.reload()}>${t("connection.retry")}</button>
    </main>
  `;
}

// Doing something that may fail, and telling so where it was asked for.

import { html, useState } from "../../lib/html.js";
import { explain } from "../../net/api.js";

// `run(task)` does a thing; `busy` while it is being done, `error` is what went wrong with it.
export function useAction() {
  const [state, setState] = useState({ busy: false, error: "" });
  async function run(task) {
    setState({ busy: true, error: "" });
    try {
      await task();
      setState({ busy: false, error: "" });
    } catch (error) {
      setState({ busy: false, error: explain(error) });
    }
  }
  return { ...state, run };
}

export const ErrorLine = ({ text }) => html`<p class="error" role="alert">${text}</p>`;

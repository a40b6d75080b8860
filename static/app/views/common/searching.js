// Looking for something while it is being typed.

import { useEffect, useState } from "../../lib/html.js";
import { explain } from "../../net/api.js";

// Milliseconds without a key after which what is typed is looked for.
const PAUSE = 250;
const NOTHING = { text: "", found: null, error: "" };

// What `find(text)` returned for the text; `found` is null until then.
export function useFound(text, find, least = 1) {
  const asked = text.trim();
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    if (asked.length < least) return setState(NOTHING);
    let isLate = false;
    const tell = (result) => isLate || setState({ ...NOTHING, text: asked, ...result });
    const timer = setTimeout(() => {
      find(asked).then(
        (found) => tell({ found }),
        (error) => tell({ found: [], error: explain(error) }),
      );
    }, PAUSE);
    return () => {
      isLate = true;
      clearTimeout(timer);
    };
  }, [asked]);
  return state;
}

// Moves the focus among the elements that a selector finds; tells whether there was one.
export function step(box, selector, by) {
  const all = [...box.querySelectorAll(selector)];
  const next = all[all.indexOf(document.activeElement) + by];
  next?.focus();
  return Boolean(next);
}

// A dialog: the browser's own keeps the focus inside, closes on Escape, and gives the focus back.

import { html, useId, useLayoutEffect, useRef } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { closeDialog } from "../../state/ui.js";
import { Icon } from "./icon.js";

export function Dialog({ title, children, onClose = closeDialog, className = "" }) {
  const box = useRef();
  const label = useId();
  // As soon as it is gone, before which nothing else can have the focus: later, whoever goes on by
  // the keyboard would be taken back.
  useLayoutEffect(() => {
    const asked = document.activeElement;
    box.current.showModal();
    return () => queueMicrotask(() => asked?.isConnected && asked.focus());
  }, []);
  const outside = (event) => event.target === box.current && onClose();
  return html`
    <dialog
      ref=${box}
      class=${className}
      aria-labelledby=${label}
      onClose=${onClose}
      onMouseDown=${outside}
    >
      <div class="sheet">
        <header>
          <h2 id=${label} dir="auto">${title}</h2>
          <button type="button" class="plain" aria-label=${t("close")} onClick=${onClose}>
            <${Icon} name="close" />
          </button>
        </header>
        ${children}
      </div>
    </dialog>
  `;
}

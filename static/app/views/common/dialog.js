// A dialog: the browser's own keeps the focus inside, closes on Escape, and gives the focus back.

import { html, useId, useLayoutEffect, useRef } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { closeDialog } from "../../state/ui.js";
import { Icon } from "./icon.js";

export function Dialog({ title, children, onClose = closeDialog, className = "" }) {
  const box = useRef();
  const label = useId();
  // As soon as it is gone, before which nothing else can have the focus: later, whoever goes on by
  // the keyboard would be taken back. What is opened in its place has taken the focus by then.
  useLayoutEffect(() => {
    const asked = document.activeElement;
    box.current.showModal();
    return () => queueMicrotask(() => document.activeElement === document.body && asked?.focus());
  }, []);
  const outside = (event) => event.target === box.current && onClose();
  // Left to the browser, it would be hidden at once and closed a frame later: until then it would
  // own the keys, and then close what they had opened meanwhile. A file's own dialog is told of here,
  // too, when it is cancelled.
  const cancel = (event) => {
    if (event.target !== box.current) return;
    event.preventDefault();
    onClose();
  };
  return html`
    <dialog
      ref=${box}
      class=${className}
      aria-labelledby=${label}
      onCancel=${cancel}
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

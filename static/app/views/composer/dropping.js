// Files that are dragged onto the conversation, or pasted into it.

import { html, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { Icon } from "../common/icon.js";

const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files") ?? false;

// Shows over the whole conversation that it takes what is dragged.
export function DropZone({ onFiles }) {
  const marker = useRef();
  const take = useRef();
  take.current = onFiles;
  const [isOver, setOver] = useState(false);
  useLayoutEffect(() => {
    const area = marker.current.closest(".talk") ?? marker.current.parentElement;
    const ends = new AbortController();
    // Entering an element inside comes before leaving the one around it.
    let depth = 0;
    const show = (change) => setOver((depth = Math.max(0, depth + change)) > 0);
    const listen = (target, type, run) =>
      target.addEventListener(type, (event) => hasFiles(event) && run(event), ends);
    listen(area, "dragenter", () => show(1));
    listen(area, "dragleave", () => show(-1));
    listen(area, "drop", ({ dataTransfer }) => {
      show(-depth);
      const files = filesIn(dataTransfer);
      if (files.length) take.current(files);
    });
    // Beside the conversation, the browser would open the file in place of the page.
    listen(window, "dragover", (event) => event.preventDefault());
    listen(window, "drop", (event) => event.preventDefault());
    return () => ends.abort();
  }, []);
  return html`
    <div ref=${marker} class=${isOver ? "droptarget" : "droptarget away"} aria-hidden="true">
      ${isOver && html`<p><${Icon} name="attach" />${t("files.drop")}</p>`}
    </div>
  `;
}

// Folders have no bytes of their own.
const filesIn = ({ items, files }) =>
  [...files].filter((file, at) => !items[at]?.webkitGetAsEntry?.()?.isDirectory);

// Office programs add a picture of a text that is copied: there the text is what is meant.
export function pastedFiles(clipboard) {
  const kinds = clipboard.types;
  const isText =
    kinds.includes("text/rtf") || (kinds.includes("text/html") && kinds.includes("text/plain"));
  return isText ? [] : [...clipboard.files];
}

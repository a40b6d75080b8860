// The files that go with a message: chosen, on their way, there, or failed.

import { html, useRef } from "../../lib/html.js";
import { sizeOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { explain } from "../../net/api.js";
import { detach, pictureOf, progressOf, retryUpload } from "../../state/attaching.js";
import { draftOf } from "../../state/drafts.js";
import { Icon } from "../common/icon.js";

export function AttachButton({ onFiles }) {
  const input = useRef();
  const take = () => {
    onFiles([...input.current.files]);
    // The same file may be chosen again.
    input.current.value = "";
  };
  return html`
    <input
      ref=${input}
      type="file"
      multiple
      hidden
      aria-label=${t("files.attach")}
      onChange=${take}
    />
    <button
      type="button"
      class="plain"
      aria-label=${t("files.attach")}
      onClick=${() => input.current.click()}
    >
      <${Icon} name="attach" />
    </button>
  `;
}

export function Files({ conversation }) {
  const { files } = draftOf(conversation);
  if (!files.length) return null;
  return html`
    <ul class="files" aria-label=${t("files.list")}>
      ${files.map((file) => html`<${Chip} key=${file.key} ...${{ conversation, file }} />`)}
    </ul>
  `;
}

function Chip({ conversation, file }) {
  const { key, name, size, status, error } = file;
  const picture = pictureOf(file);
  const label = t(status === "sending" ? "files.cancel" : "files.remove", { name });
  return html`
    <li class=${`file ${status}`}>
      ${
        picture
          ? html`<img src=${picture} alt="" />`
          : html`<span class="picture"><${Icon} name="file" /></span>`
      }
      <div class="about">
        <p class="name" translate="no"><bdi>${name}</bdi></p>
        ${status === "sending" && html`<${Progress} file=${file} />`}
        ${status === "done" && html`<p class="quiet">${sizeOf(size)}</p>`}
        ${status === "failed" && html`<p class="error" role="alert">${explain(error)}</p>`}
      </div>
      ${
        status === "failed" &&
        html`
          <button
            type="button"
            class="plain"
            aria-label=${t("files.retry", { name })}
            onClick=${() => retryUpload(key)}
          >
            <${Icon} name="retry" />
          </button>
        `
      }
      <button
        type="button"
        class="plain"
        aria-label=${label}
        onClick=${() => detach(conversation, key)}
      >
        <${Icon} name="close" />
      </button>
    </li>
  `;
}

function Progress({ file: { key, name, size } }) {
  const part = progressOf(key);
  return html`
    <p class="quiet">
      ${part ? t("files.going", { done: sizeOf(size * part), size: sizeOf(size) }) : t("files.waits")}
    </p>
    <progress value=${part} max="1" aria-label=${t("files.progress", { name })}></progress>
  `;
}

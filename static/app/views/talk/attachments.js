// The files of a message: pictures are shown, everything else is a card.

import { html, useState } from "../../lib/html.js";
import { sizeOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { openDialog } from "../../state/ui.js";
import { Icon } from "../common/icon.js";
import { useTab } from "./active.js";

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
// Pixels that a picture has at the most, and at the least where it is large enough.
const [WIDEST, HIGHEST, LEAST] = [420, 320, 120];
// Where nobody knows its size.
const UNKNOWN = { width: 320, height: 240 };

export const isPicture = ({ type }) => PICTURES.includes(type);

export function Attachments({ message }) {
  const { attachments, seq, conversation, id } = message;
  const tab = useTab(id);
  const [broken, setBroken] = useState([]);
  if (!attachments?.length) return null;
  const isShown = (file) => isPicture(file) && !broken.includes(file.url);
  const pictures = attachments.filter(isShown);
  const others = attachments.filter((file) => !isShown(file));
  const breaks = (url) => setBroken((before) => [...before, url]);
  return html`
    <div class="files" id=${seq && `m${seq}-files`}>
      ${
        pictures.length > 0 &&
        html`
          <div class=${pictures.length > 1 ? "pictures several" : "pictures"}>
            ${pictures.map(
              (file) => html`
                <${Picture}
                  key=${file.url}
                  ...${{ file, tab, isAlone: pictures.length === 1 }}
                  onError=${() => breaks(file.url)}
                  onClick=${() => openDialog("viewer", { conversation, file, pictures })}
                />
              `,
            )}
          </div>
        `
      }
      ${others.map((file) => html`<${Card} key=${file.url} file=${file} tab=${tab} />`)}
    </div>
  `;
}

function Picture({ file, tab, isAlone, onError, onClick }) {
  return html`
    <button type="button" class="picture" tabindex=${tab} onClick=${onClick}>
      <img
        src=${file.url}
        alt=${t("file.show", { name: file.name })}
        loading="lazy"
        decoding="async"
        style=${isAlone ? sizeFor(file) : {}}
        onError=${onError}
      />
    </button>
  `;
}

// Known before it is there, so that nothing moves when it comes.
function sizeFor({ width, height }) {
  const known = width && height ? { width, height } : UNKNOWN;
  const scale = Math.min(1, WIDEST / known.width, HIGHEST / known.height);
  const shown = Math.max(Math.min(LEAST, known.width), Math.round(known.width * scale));
  return { width: `${shown}px`, aspectRatio: `${known.width} / ${known.height}` };
}

const Card = ({ file, tab }) => html`
  <a class="card" href=${file.url} download=${file.name} tabindex=${tab}>
    <${Icon} name="file" />
    <span class="name">
      <span class="unseen">${t("file.download")}</span> <bdi translate="no">${file.name}</bdi>
    </span>
    <span class="size">${endingOf(file.name)}${sizeOf(file.size)}</span>
    <${Icon} name="down" />
  </a>
`;

function endingOf(name) {
  const [, ending] = /\.([\w-]{1,5})$/.exec(name) ?? [];
  return ending ? `${ending.toUpperCase()} · ` : "";
}

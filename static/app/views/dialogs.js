// Every dialog by its name.

import { html } from "../lib/html.js";
import { dialog } from "../state/ui.js";

const DIALOGS = {};

export function Dialogs() {
  if (!dialog.value) return null;
  const { name, ...properties } = dialog.value;
  return html`<${DIALOGS[name]} key=${name} ...${properties} />`;
}

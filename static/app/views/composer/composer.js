import { html } from "../../lib/html.js";

export const Composer = () => html`<p>Composer</p>`;

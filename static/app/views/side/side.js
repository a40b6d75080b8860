import { html } from "../../lib/html.js";

export const Side = () => html`<p>Side</p>`;

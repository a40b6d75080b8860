import { html } from "../../lib/html.js";

export const Talk = () => html`<p>Talk</p>`;

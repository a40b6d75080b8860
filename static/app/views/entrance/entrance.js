import { html } from "../../lib/html.js";

export const Entrance = () => html`<p>Entrance</p>`;

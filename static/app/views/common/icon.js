// The page's pictures: lines on a grid of 24, drawn in the colour of the text.

import { html } from "../../lib/html.js";

const PATHS = {
  attach: "M19 11.5 12 18.4a4.6 4.6 0 0 1-6.5-6.5l7.4-7.4a3.1 3.1 0 0 1 4.4 4.4L10 16.2a1.5 1.5 0 0 1-2.2-2.2l6.6-6.5",
  back: "M15 5l-7 7 7 7",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15ZM10 20.5h4",
  bellOff: "M6 16V11a6 6 0 0 1 9.5-4.9M18 11v5l1.5 2H7M10 20.5h4M4 4l16 16",
  check: "M5 12.5l4.5 4.5L19 7.5",
  checks: "M2 12.5l4.5 4.5L15 8.5M12 15.5l1.5 1.5L22 8.5",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10v11H9ZM15 9V4H5v11h4",
  down: "M12 5v14M6 13l6 6 6-6",
  edit: "M4 20h4L19 9l-4-4L4 16ZM13 7l4 4",
  file: "M6 3h8l4 4v14H6ZM14 3v4h4",
  gear: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM3 12h18M12 3c3 2.5 4 5.5 4 9s-1 6.5-4 9c-3-2.5-4-5.5-4-9s1-6.5 4-9Z",
  group: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.500a3.5 3.5 0 0 1 0 6.500M18 14.500c2.300.8 3.5 2.8 3.5 5.5",
  info: "M12 11v6M12 7v.5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6 4 12l6 6M4 12h9c4 0 7 2 7 7",
  retry: "M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20",
  send: "M4 12 20 4l-5 16-3.5-6.500ZM11.5 13.5 20 4",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM8 14c1 1.700 2.400 2.5 4 2.500s3-.8 4-2.500M9 9.500v.5M15 9.500v.5",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  warning: "M12 4 2.5 20h19ZM12 10v5M12 17.500v.5",
};

export const Icon = ({ name }) => html`
  <svg class="icon" aria-hidden="true" viewBox="0 0 24 24" width="20" height="20">
    <path d=${PATHS[name]} />
  </svg>
`;

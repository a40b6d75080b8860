// A box over the page, beside what opened it; it closes when it is left.

import { html, useLayoutEffect, useRef } from "../../lib/html.js";

// Pixels to the window's edges, and to what it belongs to.
const MARGIN = 8;
const GAP = 4;

// `anchor` is the element that it belongs to; `onClose(isBack)` is told when it is left, with
// whether the focus is to go back there. More properties go to the box.
export function Popover({ anchor, onClose, children, className = "", ...properties }) {
  const box = useRef();
  const close = useRef();
  close.current = onClose;
  useLayoutEffect(() => {
    box.current.showPopover();
    place(box.current, anchor);
    return whenLeft(box.current, anchor, (isBack) => close.current(isBack));
  }, []);
  const keep = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    onClose(true);
  };
  return html`
    <div
      ref=${box}
      popover="manual"
      class="popover ${className}"
      onKeyDown=${keep}
      ...${properties}
    >
      ${children}
    </div>
  `;
}

function whenLeft(box, anchor, close) {
  const isInside = (target) => box.contains(target) || anchor.contains(target);
  const press = ({ target }) => isInside(target) || close(false);
  const leave = ({ relatedTarget }) => relatedTarget && !isInside(relatedTarget) && close(false);
  const follow = ({ target }) => target.contains(anchor) && place(box, anchor);
  document.addEventListener("pointerdown", press, true);
  document.addEventListener("scroll", follow, true);
  box.addEventListener("focusout", leave);
  // The keyboard of a phone changes the window's size, too: its width alone counts.
  const width = innerWidth;
  const turned = () => innerWidth !== width && close(true);
  addEventListener("resize", turned);
  return () => {
    document.removeEventListener("pointerdown", press, true);
    document.removeEventListener("scroll", follow, true);
    box.removeEventListener("focusout", leave);
    removeEventListener("resize", turned);
  };
}

// Below what it belongs to, or above it where there is more room, and always inside the window.
function place(box, anchor) {
  const { top, bottom, left, right } = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const isBelow = bottom + GAP + height + MARGIN <= innerHeight || top < innerHeight - bottom;
  const y = isBelow ? bottom + GAP : top - GAP - height;
  // Its edge is in line with the one that is nearer to the window's middle.
  const x = left + right > innerWidth ? right - width : left;
  box.style.left = `${clamp(x, innerWidth - width)}px`;
  box.style.top = `${clamp(y, innerHeight - height)}px`;
}

const clamp = (value, most) => Math.max(MARGIN, Math.min(value, most - MARGIN));

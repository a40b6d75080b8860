// What the page takes of its libraries; README.md says how preact.js is made of it.
export { h, render, Fragment } from "preact";
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, untracked, useComputed, useSignal } from "@preact/signals";
export { default as htm } from "htm";

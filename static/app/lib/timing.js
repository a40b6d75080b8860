// Waiting: until things are quiet, or for a while.

// Milliseconds after which what waits for quiet is done although things are not quiet.
const LATEST = 1_000;
// What is still to be written.
const unwritten = new Set();

// How long quiet is still waited for, by who began to wait at some time.
const still = (milliseconds, since) =>
  Math.min(milliseconds, Math.max(0, since + LATEST - Date.now()));

// Runs a function once things have been quiet for a while; where they never are, not much later.
export function settled(milliseconds, run) {
  let timer = null;
  let since;
  const end = () => {
    timer = null;
    run();
  };
  return () => {
    if (!timer) since = Date.now();
    clearTimeout(timer);
    timer = setTimeout(end, still(milliseconds, since));
  };
}

// Writes something in the same way; and at once when the page is left, which may be the last that
// it does.
export function written(milliseconds, run) {
  let timer;
  let since;
  const write = () => {
    clearTimeout(timer);
    unwritten.delete(write);
    run();
  };
  return () => {
    if (!unwritten.has(write)) since = Date.now();
    unwritten.add(write);
    clearTimeout(timer);
    timer = setTimeout(write, still(milliseconds, since));
  };
}

// Writes what is still to be written.
export const writeAll = () => [...unwritten].forEach((write) => write());

addEventListener("pagehide", writeAll);
// A phone takes away a page that is not seen without telling it.
document.addEventListener("visibilitychange", () => document.hidden && writeAll());

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Between half of a time and all of it, so that many do not come at once.
export const jittered = (milliseconds) => milliseconds * (0.5 + Math.random() / 2);

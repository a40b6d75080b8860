// Waiting: until things are quiet, or for a while.

// Runs a function once things have been quiet for a while.
export function settled(milliseconds, run) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds, ...given);
  };
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Between half of a time and all of it, so that many do not come at once.
export const jittered = (milliseconds) => milliseconds * (0.5 + Math.random() / 2);

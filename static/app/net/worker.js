// The service worker: what opens the page without a server, and how a new version takes over.

const ADDRESS = "/service-worker.js";
// Of the page that is running; the address of each of its modules has it.
const VERSION = import.meta.url.split("/").at(-4);
const HOUR = 3_600_000;

const container = navigator.serviceWorker;
// The one script that may be made of a text here (Trusted Types); not all browsers know of it.
const policy = globalThis.trustedTypes?.createPolicy("realchat-worker", {
  createScriptURL(address) {
    if (address !== ADDRESS) throw new TypeError("not the worker's address");
    return address;
  },
});

let registration = null;
let offered = VERSION;

// Starts the worker once the page is loaded and idle. When a new version is there, calls
// `whenNew(activate)`, once for each; `activate()` loads the page anew with it.
export function startWorker(whenNew) {
  // Without https there is none, nor in some private windows.
  if (!container) return;
  container.addEventListener("message", follow);
  whenIdle(() => watch(whenNew).catch(() => {}));
}

// Asks the server whether there is a new version, as after it was away.
export const lookForNew = () => registration?.update().catch(() => {});

function whenIdle(run) {
  const soon = globalThis.requestIdleCallback ?? setTimeout;
  if (document.readyState === "complete") soon(run);
  else addEventListener("load", () => soon(run), { once: true });
}

async function watch(whenNew) {
  const consider = (worker) => worker && offer(worker, whenNew);
  registration = await container.register(policy?.createScriptURL(ADDRESS) ?? ADDRESS, {
    updateViaCache: "none",
  });
  consider(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker.addEventListener("statechange", () => consider(registration.waiting));
  });
  container.addEventListener("controllerchange", () => {
    keepWhatWasUsed(container.controller);
    // Another tab may have changed to the new version.
    consider(container.controller);
  });
  document.addEventListener("visibilitychange", () => document.hidden || lookForNew());
  setInterval(lookForNew, HOUR);
  keepWhatWasUsed((await container.ready).active);
}

// A worker of the page's own version takes over unnoticed.
async function offer(worker, whenNew) {
  const version = await versionOf(worker);
  if (version === VERSION) return worker.postMessage({ type: "activate" });
  if (version === offered) return;
  offered = version;
  whenNew(activate);
}

function activate() {
  const { waiting } = registration;
  if (!waiting) return location.reload();
  container.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage({ type: "activate" });
}

function versionOf(worker) {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ type: "version" }, [port2]);
  return new Promise((done) => {
    port1.onmessage = ({ data }) => done(data);
  });
}

// The page's words were fetched before there was a worker of its version to keep them.
function keepWhatWasUsed(worker) {
  const addresses = performance.getEntriesByType("resource").map(({ name }) => name);
  worker.postMessage({ type: "keep", addresses });
}

// A notification was clicked while the page was open.
function follow({ data }) {
  if (data.type === "show") location.assign(data.url);
}

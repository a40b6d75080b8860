// Keeps the page for when there is no server: the document and the files of one version. The
// server fills in which. It keeps nothing that is anybody's: what was read is the page's to keep.

const VERSION = "{{ version }}";
const FILES = {% raw kept %};
const HERE = `/static/${VERSION}/`;
const CACHES = "realchat-page-";
const CACHE = CACHES + VERSION;
// Milliseconds in which the server may answer before what is kept is shown.
const PATIENCE = 3000;

addEventListener("install", (event) => event.waitUntil(keepAll()));
addEventListener("activate", (event) => event.waitUntil(takeOver()));

addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate" && pathname === "/") event.respondWith(openPage(event.request));
  if (pathname.startsWith(HERE)) event.respondWith(give(event.request));
});

addEventListener("message", (event) => {
  const { type, addresses } = event.data;
  if (type === "version") event.ports[0].postMessage(VERSION);
  if (type === "activate") event.waitUntil(skipWaiting());
  if (type === "keep") event.waitUntil(keepUsed(addresses));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data?.url ?? "/"));
});

async function keepAll() {
  const cache = await caches.open(CACHE);
  const page = await fetch("/", { cache: "no-cache" });
  // While servers are exchanged, another version's may answer: then all is tried again later.
  if (!page.ok || !(await page.clone().text()).includes(HERE)) throw new TypeError("not this page");
  await Promise.all([cache.put("/", page), ...FILES.map((name) => keep(cache, HERE + name))]);
}

async function takeOver() {
  const kept = await caches.keys();
  const old = kept.filter((name) => name.startsWith(CACHES) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
}

// The server's page if it comes soon, or else the one that is kept.
async function openPage(request) {
  const kept = await caches.match("/", { cacheName: CACHE, ignoreVary: true });
  if (!kept) return fetch(request);
  const fresh = fetch(request).then(
    (answer) => (answer.status < 500 ? answer : kept),
    () => kept,
  );
  return Promise.race([fresh, new Promise((done) => setTimeout(done, PATIENCE, kept))]);
}

async function give(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (isOurs(answer)) await cache.put(request, answer.clone());
  return answer;
}

// What a page had fetched before there was a worker to see it.
async function keepUsed(addresses) {
  const used = addresses.filter((address) => address.startsWith(location.origin + HERE));
  await Promise.allSettled(used.map((address) => give(new Request(address))));
}

async function keep(cache, address) {
  const answer = await fetch(address);
  if (!isOurs(answer)) throw new TypeError(`not of ${VERSION}: ${address}`);
  await cache.put(address, answer);
}

// The server says of no other version's files that they are for ever.
const isOurs = ({ status, headers }) =>
  status === 200 && headers.get("Cache-Control")?.includes("immutable");

// Brings a page that is open already to an address of ours, or opens one there.
async function show(address) {
  const url = new URL(address, location.origin);
  if (url.origin !== location.origin) return;
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = windows.find((one) => new URL(one.url).pathname === "/");
  if (!page) return clients.openWindow(url);
  page.postMessage({ type: "show", url: url.href });
  return page.focus();
}

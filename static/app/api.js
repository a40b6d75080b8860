// Calls to the server, and the session they are made in.

// Both tokens lie in localStorage, where a script of this origin could read them. That will do
// for this plain page: its policy lets no script run but its own, and a reload stays signed in.
const KEY = "realchat.session";
// The part of an access token's life after which it is replaced.
const RIPE = 0.75;
// Milliseconds between two questions to a server whose database is away.
const PAUSE = 1500;

export class ApiError extends Error {
  constructor(status, { code, message, fields }) {
    super(message);
    Object.assign(this, { status, code, fields });
  }
}

const OFFLINE = {
  code: "offline",
  message: "The server cannot be reached. Try again in a moment.",
};
const SIGNED_OUT = { code: "signed_out", message: "Your session has ended. Sign in again." };

let whenSignedOut = () => {};
export const onSignedOut = (listener) => (whenSignedOut = listener);
export const session = () => JSON.parse(localStorage.getItem(KEY));

export async function enter(path, body) {
  return keep(await send("POST", path, body));
}

export async function signOut() {
  // Signed out here in any case; a server out of reach ends the session when it expires.
  await call("POST", "/auth/logout", {}).catch(() => {});
  forget();
}

export async function call(method, path, body) {
  return (await exchange(method, path, body)).value;
}

// A list, and whether there is more of it.
export async function page(path, query) {
  const { value, reply } = await exchange("GET", `${path}?${new URLSearchParams(query)}`);
  return { items: value, more: reply.headers.get("Link")?.includes('rel="next"') ?? false };
}

// An access token that is still good; `stale` is one that the server no longer takes.
export async function accessToken(stale) {
  const now = session();
  if (!now) throw new ApiError(401, SIGNED_OUT);
  const good = now.access_token !== stale && Date.now() < now.renew_at;
  return good ? now.access_token : exclusively(() => refresh(now.access_token));
}

// What only reads is asked again until the server can answer: nobody presses a button for it.
async function exchange(method, path, body) {
  for (;;) {
    try {
      return await authorized(method, path, body);
    } catch (error) {
      if (method !== "GET" || error.status !== 503) throw error;
      await new Promise((resume) => setTimeout(resume, PAUSE));
    }
  }
}

async function authorized(method, path, body) {
  const token = await accessToken();
  try {
    return await send(method, path, body, token);
  } catch (error) {
    if (error.status !== 401) throw error;
    return send(method, path, body, await accessToken(token));
  }
}

async function refresh(spent) {
  const now = session();
  if (!now) throw new ApiError(401, SIGNED_OUT);
  // Another tab was faster; a refresh token used twice would end the session.
  if (now.access_token !== spent) return now.access_token;
  try {
    return keep(await send("POST", "/auth/refresh", { refresh_token: now.refresh_token }))
      .access_token;
  } catch (error) {
    if (error.status === 401) forget();
    throw error.status === 401 ? new ApiError(401, SIGNED_OUT) : error;
  }
}

async function send(method, path, body, token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const form = body instanceof FormData;
  if (body && !form) headers["Content-Type"] = "application/json";
  let reply;
  try {
    reply = await fetch(path, {
      method,
      headers,
      body: form ? body : body && JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, OFFLINE);
  }
  const value = reply.status === 204 ? null : await reply.json().catch(() => null);
  if (!reply.ok) throw new ApiError(reply.status, value?.error ?? OFFLINE);
  return { value, reply };
}

function keep({ value }) {
  const kept = { ...value, renew_at: Date.now() + value.expires_in * 1000 * RIPE };
  localStorage.setItem(KEY, JSON.stringify(kept));
  return kept;
}

export const changeSelf = (user) =>
  localStorage.setItem(KEY, JSON.stringify({ ...session(), user }));

export function forget() {
  if (!session()) return;
  localStorage.removeItem(KEY);
  whenSignedOut();
}

// One tab at a time, where the browser can tell; it cannot on plain HTTP from another machine.
let last = Promise.resolve();
function exclusively(run) {
  if (navigator.locks) return navigator.locks.request(KEY, run);
  const next = last.then(run);
  last = next.catch(() => {});
  return next;
}

// Calls to the server, in its words for what went wrong.

import { pause } from "../lib/timing.js";
import { hasWords, t } from "../lib/words.js";
import { accessToken } from "./session.js";
import { ApiError, send } from "./wire.js";

// Milliseconds between two questions to a server whose database is away.
const PAUSE = 1500;
const PATIENCE = 20;
// Milliseconds after which what only reads is asked for once more, on another line.
const SOON = 8_000;

export { ApiError };

export async function call(method, path, body, options) {
  return (await exchange(method, path, body, options)).value;
}

// A list, and whether there is more of it.
export async function page(path, query) {
  const { value, reply } = await exchange("GET", `${path}?${new URLSearchParams(query)}`);
  return { items: value, more: reply.headers.get("Link")?.includes('rel="next"') ?? false };
}

// What only reads is asked again until the server can answer: nobody presses a button for it.
async function exchange(method, path, body, options) {
  if (method !== "GET") return authorized(method, path, body, options);
  for (let tries = 0; ; tries++) {
    try {
      return await authorized(method, path, body, { patience: SOON, ...options });
    } catch (error) {
      const isPassing = error.status === 503 || (error.code === "late" && tries === 0);
      if (!isPassing || tries === PATIENCE) throw error;
      if (error.status) await pause(PAUSE);
    }
  }
}

async function authorized(method, path, body, options) {
  const token = await accessToken();
  try {
    return await send(method, path, body, { ...options, token });
  } catch (error) {
    if (error.status !== 401) throw error;
    return send(method, path, body, { ...options, token: await accessToken(token) });
  }
}

// What went wrong, in one sentence for people.
export function explain(error) {
  const fields = Object.entries(error.fields ?? {}).map(
    ([field, why]) => `${hasWords(`field.${field}`) ? t(`field.${field}`) : field}: ${why}`,
  );
  if (fields.length) return fields.join(" ");
  return hasWords(`error.${error.code}`) ? t(`error.${error.code}`) : error.message;
}

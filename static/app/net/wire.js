// One HTTP exchange with the server, and how it fails.

export class ApiError extends Error {
  // `wait` is in seconds, where the server says how long.
  constructor(status, { code, message, fields }, wait = 0) {
    super(message);
    Object.assign(this, { status, code, fields, wait });
  }
}

export const OFFLINE = {
  code: "offline",
  message: "The server cannot be reached. Try again in a moment.",
};

// A line that died while the machine slept tells nobody: the browser would wait on it for ever.
export const LATE = { ...OFFLINE, code: "late" };
// Milliseconds that an answer may take.
const PATIENCE = 30_000;

export async function send(method, path, body, { token, headers, signal, patience } = {}) {
  const sent = { ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  // A form with files says by itself what it is.
  const isJson = body && !(body instanceof FormData);
  if (isJson) sent["Content-Type"] = "application/json";
  const options = { method, headers: sent, body: isJson ? JSON.stringify(body) : body };
  // An upload takes what it takes.
  const limit = isJson || !body ? AbortSignal.timeout(patience ?? PATIENCE) : null;
  let reply;
  try {
    const signals = [signal, limit].filter(Boolean);
    reply = await fetch(path, { ...options, signal: AbortSignal.any(signals) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, error.name === "TimeoutError" ? LATE : OFFLINE);
  }
  const value = reply.status === 204 ? null : await reply.json().catch(() => null);
  if (!reply.ok)
    throw new ApiError(
      reply.status,
      value?.error ?? OFFLINE,
      Number(reply.headers.get("Retry-After")),
    );
  return { value, reply };
}

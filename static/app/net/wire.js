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

export async function send(method, path, body, { token, headers, signal } = {}) {
  const sent = { ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  // A form with files says by itself what it is.
  const isJson = body && !(body instanceof FormData);
  if (isJson) sent["Content-Type"] = "application/json";
  let reply;
  try {
    const options = { method, headers: sent, body: isJson ? JSON.stringify(body) : body, signal };
    reply = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, OFFLINE);
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

// Sending files to the server: a few at a time, the others wait. The browser reads each from the
// disk as it goes, so that a large one is never in memory.

import { accessToken } from "./session.js";
import { ApiError, OFFLINE } from "./wire.js";

const MOST = 3;

const waiting = [];
let running = 0;

// Begins an upload, or queues it. `onProgress(part)` is told how much went, from 0 to 1. `done`
// becomes the file as the server has it; `abort()` ends it without an answer.
export function upload(file, onProgress) {
  const work = { file, onProgress, request: null, isEnded: false };
  work.done = new Promise((resolve, reject) => Object.assign(work, { resolve, reject }));
  waiting.push(work);
  startNext();
  return { done: work.done, abort: () => abort(work) };
}

function abort(work) {
  work.isEnded = true;
  const at = waiting.indexOf(work);
  if (at >= 0) waiting.splice(at, 1);
  work.request?.abort();
  work.reject(new DOMException("", "AbortError"));
}

async function startNext() {
  if (running === MOST || !waiting.length) return;
  const work = waiting.shift();
  running++;
  try {
    work.resolve(await authorized(work));
  } catch (error) {
    work.reject(error);
  }
  running--;
  startNext();
}

async function authorized(work) {
  const token = await accessToken();
  try {
    return await put(work, token);
  } catch (error) {
    if (error.status !== 401) throw error;
    return put(work, await accessToken(token));
  }
}

function put(work, token) {
  const request = new XMLHttpRequest();
  work.request = request;
  return new Promise((resolve, reject) => {
    if (work.isEnded) throw new DOMException("", "AbortError");
    const form = new FormData();
    form.append("file", work.file);
    request.upload.onprogress = ({ loaded, total }) => work.onProgress(loaded / total);
    request.onload = () => (request.status === 201 ? resolve(fileOf(request)) : fail());
    request.onerror = () => reject(new ApiError(0, OFFLINE));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    const fail = () => reject(new ApiError(request.status, request.response?.error ?? OFFLINE));
    request.responseType = "json";
    request.open("POST", "/upload");
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.send(form);
  });
}

function fileOf({ response }) {
  const { url, name, size, type, width, height } = response.files[0];
  return { url, name, size, type, ...(width && { width, height }) };
}

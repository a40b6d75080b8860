// Oneself: what others see, which languages one reads, and the devices.

import { signal } from "../lib/html.js";
import { call } from "../net/api.js";
import { account, changeSelf } from "../net/session.js";
import { ApiError } from "../net/wire.js";
import { reread } from "./sync.js";

// Pixels of a picture's edge: enough for the largest that is shown, on a dense screen.
const EDGE = 320;
const QUALITY = 0.85;
const UNREADABLE = { code: "unreadable_picture", message: "This is no picture." };

// The sessions of oneself, once they were asked for.
export const devices = signal(null);

export async function change(changes) {
  changeSelf((await call("PATCH", "/auth/me", changes)).user);
}

// Changes of what one reads that are shown as made and may not be kept yet.
let unkept = 0;
export const isUnkept = () => unkept > 0;

// What is read with and without help decides what comes translated.
export async function changeReading(changes) {
  unkept++;
  try {
    await change(changes);
    await reread();
  } finally {
    unkept--;
  }
}

// Cut to a square and made small here: quick to load, and without the place of the photograph.
export async function setPicture(file) {
  const form = new FormData();
  form.append("file", await squareOf(file), "picture");
  const { files } = await call("POST", "/upload", form);
  await change({ avatar: files[0].url });
}

export const removePicture = () => change({ avatar: null });

export async function loadDevices() {
  devices.value = await call("GET", "/auth/sessions");
}

export async function endDevice(id) {
  await call("DELETE", `/auth/sessions/${id}`);
  await loadDevices();
}

async function squareOf(file) {
  const image = await createImageBitmap(file).catch(() => {
    throw new ApiError(0, UNREADABLE);
  });
  const edge = Math.min(image.width, image.height);
  const size = Math.min(edge, EDGE);
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const from = [(image.width - edge) / 2, (image.height - edge) / 2, edge, edge];
  canvas.getContext("2d").drawImage(image, ...from, 0, 0, size, size);
  image.close();
  return new Promise((done) => canvas.toBlob(done, "image/webp", QUALITY));
}

account.subscribe((self) => {
  if (!self) devices.value = null;
});

// The ways in: by password, by a code that is mailed, to a new account or an old one.

import { call } from "../net/api.js";
import { changeSelf, enter } from "../net/session.js";
import { send } from "../net/wire.js";

export const signIn = ({ email, password }) => enter("/auth/login", { email, password });
export const register = ({ email, name, password, language }) =>
  enter("/auth/register", { email, name, password, language });

// Has a one-time code mailed; returns for how many seconds it is good.
export async function requestCode(email) {
  return (await send("POST", "/auth/request-otp", { email })).value.expires_in;
}

export const enterByCode = ({ email, code }) => enter("/auth/verify-otp", { email, code });

// To an account that is made by it, whose language the call cannot name.
export async function registerByCode({ email, code, name, language }) {
  const self = await enter("/auth/verify-otp", { email, code, name });
  // Whoever is signed in may put it right later.
  if (self.language !== language)
    await call("PATCH", "/auth/me", { language }).then(
      ({ user }) => changeSelf(user),
      () => {},
    );
}

export const setPasswordByCode = ({ email, code, password }) =>
  enter("/auth/reset-password", { email, code, password });

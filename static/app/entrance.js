// Signing in, and making an account.

import { enter } from "./api.js";
import { $, explain, fillLanguages } from "./dom.js";

let isNew = false;

export function showEntrance(note = "") {
  $("chat").hidden = true;
  $("entrance").hidden = false;
  $("entry").reset();
  fillLanguages($("entry-language"), navigator.language.split("-")[0]);
  choose(false, note);
}

export function wireEntrance(entered) {
  $("entry-switch").onclick = () => choose(!isNew);
  $("entry").onsubmit = async (event) => {
    event.preventDefault();
    $("entry-submit").disabled = true;
    $("entry-error").textContent = "";
    try {
      await (isNew ? register() : signIn());
      $("entry").reset();
      entered();
    } catch (error) {
      $("entry-error").textContent = explain(error);
    } finally {
      $("entry-submit").disabled = false;
    }
  };
}

const given = () => ({ email: $("entry-email").value, password: $("entry-password").value });
const signIn = () => enter("/auth/login", given());
const register = () =>
  enter("/auth/register", {
    ...given(),
    name: $("entry-name").value,
    language: $("entry-language").value,
  });

function choose(fresh, note = "") {
  isNew = fresh;
  const [does, other] = fresh ? ["Create account", "Sign in"] : ["Sign in", "Create account"];
  $("entry-title").textContent = $("entry-submit").textContent = does;
  $("entry-switch").textContent = other;
  $("entry-question").textContent = fresh ? "You have an account?" : "New here?";
  $("entry-error").textContent = note;
  for (const each of document.querySelectorAll("#entry .new")) each.hidden = !fresh;
  $("entry-name").required = fresh;
  $("entry-password").autocomplete = fresh ? "new-password" : "current-password";
  // Hidden or not, what describes a field is read out.
  $("entry-password").setAttribute("aria-describedby", fresh ? "entry-rule" : "");
  $("entry-password").minLength = fresh ? 8 : 0;
  $(fresh ? "entry-name" : "entry-email").focus();
}

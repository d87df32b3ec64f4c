// State that this browser keeps after it was closed: who uses it, whether they
// have logged out, and what they were typing. Each entry belongs to one person by
// name.

const prefix = "fieldreports.";

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(prefix + name));
  } catch {
    return null; // not allowed here, or damaged
  }
}

function write(name, value) {
  try {
    if (value === null) {
      localStorage.removeItem(prefix + name);
    } else {
      localStorage.setItem(prefix + name, JSON.stringify(value));
    }
    return true;
  } catch {
    return false;
  }
}

// user returns the user who is logged in here, {name, role}, as the API last
// said. It may be shown while the API does not answer.
export const user = () => read("user");
export const rememberUser = (user) => write("user", user);

// loggedOut returns the user who has logged out here before the API knows it, or
// null. Until the API knows, nothing is shown and nothing is sent in the old
// session.
export const loggedOut = () => read("loggedOut");
export const rememberLogout = (name) => write("loggedOut", name);

// askAt returns the number of seconds for which maintenance asks not to send
// anything. It stores {at, seconds}.
export function askAt() {
  const wait = read("askAt");
  const left = (Number(wait?.at) - Date.now()) / 1000;
  return left > 0 ? Math.min(left, Number(wait.seconds) || 0) : 0; // the clock may have been set since
}
export const rememberAskAt = (seconds) => write("askAt", seconds && { at: Date.now() + seconds * 1000, seconds });

// dismissed returns the id of the planned maintenance that a person has
// dismissed.
export const dismissed = () => read("dismissed");
export const rememberDismissed = (id) => write("dismissed", id);

// templates returns the last templates that could be read, so that a form can be
// shown.
export const templates = () => read("templates") ?? [];
export const rememberTemplates = (templates) => write("templates", templates);

// draft returns what a person was typing, {template, title, text}.
export const draft = (name) => read(`draft.${name}`) ?? {};
export const rememberDraft = (name, draft) => write(`draft.${name}`, draft);

// onChange calls changed when another tab has changed who uses this browser.
export function onChange(changed) {
  addEventListener("storage", (event) => {
    if (event.key === `${prefix}user` || event.key === `${prefix}loggedOut` && event.newValue) {
      changed();
    }
  });
}

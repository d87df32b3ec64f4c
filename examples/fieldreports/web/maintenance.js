// Handles requests that maintenance refuses, and failures of the service: it
// shows the screen, and repeats what can be repeated once maintenance is over.
// The page stays as it is. Only requests that are safe to repeat are repeated:
// not a login, and nothing that destroys data.

import { announcement, Failure, MaintenanceError, now } from "./api.js";
import { askAt, dismissed, rememberAskAt, rememberDismissed } from "./browser.js";
import { showMaintenance, showPlanned, showProblem } from "./views.js";
import { text } from "./words.js";

const order = ["logout", "session", "outbox"]; // the order in which they are repeated
const again = new Map(); // what to repeat, by name
let notice = null; // what maintenance says; null when it is not known to be on
let timer, poll;
let lastAsked = 0;
let sentBefore; // the planned maintenance before which waiting reports were sent
let asking = null;

// attempt runs a named action, and runs it again later if maintenance refuses it
// or the service fails. It resolves with "done", "refused" or "failed". An action
// handles the API's final refusals itself.
export async function attempt(name, action) {
  if (notice && name === "outbox" && again.has(name)) {
    return "refused"; // it waits with the others
  }
  const outcome = await run(name, action);
  if (outcome === "failed" && !notice) {
    schedule(retryTime());
  }
  return outcome;
}

async function run(name, action) {
  try {
    await action();
    again.delete(name);
    return "done";
  } catch (error) {
    again.set(name, action);
    return handle(error);
  }
}

// refused shows the answer of maintenance to something that is not repeated, and
// uses another request to find out when maintenance is over.
export function refused(error, look) {
  again.set(look.name, look.action);
  return handle(error);
}

function handle(error) {
  if (error instanceof MaintenanceError) {
    wait(error.retryAfter, error);
    return "refused";
  }
  if (error instanceof Failure) {
    showProblem(text(error.message));
    return "failed";
  }
  throw error;
}

// attemptLater runs an action that was refused before the page was loaded, not
// before the time that the answer named.
export async function attemptLater(name, action) {
  const left = askAt();
  if (!left) {
    return attempt(name, action);
  }
  again.set(name, action);
  if (!notice) {
    wait(left, { message: text("notSent"), language: document.documentElement.lang });
  }
  return "refused";
}

function wait(seconds, said) {
  rememberAskAt(seconds);
  schedule(seconds);
  notice = { ...notice, message: said.message, language: said.language, until: said.until, next: new Date(Date.now() + seconds * 1000) };
  showMaintenance(notice);
  look();
}

function schedule(seconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, seconds * 1000);
}

const retryTime = () => 15 + Math.random() * 15;

const unserved = 600; // seconds until the next look if nothing is served
const soon = 15 * 60 * 1000; // before it begins; waiting reports are sent in that time

// look reads from /maintenance.json what is planned, shows it before it begins,
// and sends waiting reports before that. While it is closed look reads the mode
// and the start from there, and asks early once the file says that maintenance is
// over.
export async function look() {
  clearTimeout(poll);
  const said = await announcement();
  clearTimeout(poll);
  poll = setTimeout(look, (said?.pollAfter ?? unserved) * (1 + Math.random() / 4) * 1000);
  const planned = !notice && said?.planned;
  showPlanned(planned && planned.id !== dismissed() && planned, rememberDismissed);
  const left = planned ? planned.from - now() : 0;
  if (left > 0 && left < soon && again.size > 0 && sentBefore !== planned.id) {
    sentBefore = planned.id;
    schedule(Math.random() * left / 1000); // not all at once
  }
  if (!said || !notice) {
    return;
  }
  if (said.over && notice.over === false) {
    schedule(Math.random() * said.pollAfter / 4); // not all at once
  }
  notice = { ...notice, mode: said.mode, since: said.since, over: said.over, announced: said.until };
  showMaintenance(notice);
}

// ask repeats what was refused, one action at a time, until maintenance refuses
// again. A failure for another reason does not stop the rest.
export function ask() {
  asking ??= askOnce().finally(() => {
    asking = null;
  });
  return asking;
}

async function askOnce() {
  lastAsked = Date.now();
  clearTimeout(timer);
  showProblem("");
  let answered = again.size === 0;
  for (const name of [...again.keys()].sort((a, b) => rank(a) - rank(b))) {
    if (!again.has(name)) {
      continue; // done with another action
    }
    const outcome = await run(name, again.get(name));
    if (outcome === "refused") {
      return;
    }
    answered ||= outcome === "done";
  }
  if (answered) {
    end();
  }
  if (again.size > 0) { // an unreachable network does not mean that maintenance is over
    schedule(retryTime());
    if (notice) {
      notice.next = new Date(Date.now() + 30000);
      showMaintenance(notice);
    }
  }
}

function rank(name) {
  const place = order.indexOf(name);
  return place < 0 ? order.length : place;
}

function end() {
  notice = null;
  rememberAskAt(null);
  showMaintenance(null);
}

// forget drops what was to be repeated for a user who has left.
export function forget(...names) {
  for (const name of names) {
    again.delete(name);
  }
}

// The user is looking again: timers of a background page are late.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") {
    return;
  }
  look();
  if (again.size > 0 && Date.now() - lastAsked > 5000) {
    ask();
  }
});

// "Try now": a person may ask early.
document.getElementById("try").addEventListener("click", () => ask());

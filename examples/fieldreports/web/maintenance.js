// What happens when maintenance refuses something: the screen appears, what was
// refused is kept, and done again once it is over. The page stays as it is.

import { MaintenanceError } from "./api.js";
import { showMaintenance } from "./views.js";

const longest = 24 * 60 * 60; // seconds; setTimeout overflows at 24 days
const remembered = "fieldreports.askAt";

const refused = new Map(); // what to do again, by name, oldest first
let timer, lastNotice;
let lastAsked = 0;
let asking = false;

// attempt does a named thing, now if maintenance is not known, else once it is
// over. It resolves as soon as it is done or kept. An action handles what the
// API refuses for good; other errors are the caller's of attempt. Doing it twice
// must be as good as once.
export async function attempt(name, action) {
  if (refused.has(name)) {
    refused.set(name, action); // in its place in the order
    return;
  }
  try {
    await action();
  } catch (error) {
    if (!(error instanceof MaintenanceError)) {
      throw error;
    }
    refused.set(name, action);
    wait(error.retryAfter, error);
  }
}

// attemptLater does a named thing that was refused before the page was loaded,
// not before the time that the answer named then.
export async function attemptLater(name, action) {
  const left = (Number(sessionStorage.getItem(remembered)) - Date.now()) / 1000;
  if (!(left > 0)) {
    return attempt(name, action);
  }
  refused.set(name, action);
  if (!timer) {
    wait(Math.min(left, longest), { message: "Your report has not been sent yet." });
  }
}

function wait(seconds, notice) {
  clearTimeout(timer);
  const until = Date.now() + Math.min(seconds, longest) * 1000;
  sessionStorage.setItem(remembered, until);
  timer = setTimeout(ask, until - Date.now());
  lastNotice = notice;
  showMaintenance(notice, new Date(until));
}

// ask does the oldest again, and if it succeeds the others, one by one.
async function ask() {
  if (asking) {
    return;
  }
  asking = true;
  lastAsked = Date.now();
  try {
    for (const [name, action] of refused) {
      await action();
      refused.delete(name);
    }
    if (refused.size === 0) {
      clearTimeout(timer);
      timer = undefined;
      sessionStorage.removeItem(remembered);
      showMaintenance(null);
    }
  } catch (error) {
    if (error instanceof MaintenanceError) {
      wait(error.retryAfter, error);
    } else { // a network that is away is no end of maintenance
      wait(15 + Math.random() * 15, lastNotice);
    }
  } finally {
    asking = false;
  }
}

// Somebody is looking again: timers of a page in the background are late.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && timer && Date.now() - lastAsked > 5000) {
    ask();
  }
});

"use strict";

// Asks the API how it is and shows the answer: open, closed for maintenance
// (503 with X-Maintenance-Mode: on), or failing. Goes on asking, and never
// sooner than the API wants to be asked.

const openSeconds = 60;
const failedSeconds = 15;
const closedSeconds = 600; // closed, and not told how long to wait
const longestSeconds = 24 * 60 * 60; // setTimeout overflows at 24 days

async function ask() {
  let answer;
  try {
    // A path that maintenance refuses. The health check would not do: it is open
    // to everybody at any time.
    answer = await fetch("/api/session", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.status === 503 && answer.headers.get("X-Maintenance-Mode") === "on") {
      return await maintenance(answer);
    }
    await answer.json();
    if (answer.status < 500) { // the API has no sessions yet, and says so
      return { state: "ok", title: "In service", wait: openSeconds };
    }
  } catch {
    // No answer, or one that is not the API's.
  }
  return {
    state: "failed",
    title: "Not available",
    detail: answer ? `The API answered ${answer.status}.` : "The API cannot be reached.",
    wait: failedSeconds + Math.random() * failedSeconds,
  };
}

// maintenance reads the notice from the answer, of which only the header is
// certain: a proxy may have replaced the body.
async function maintenance(answer) {
  const error = (await answer.json().catch(() => null))?.errors?.[0];
  return {
    state: "maintenance",
    title: error?.title || "Closed for maintenance",
    detail: error?.detail || "Please come back later.",
    until: date(error?.meta?.until),
    wait: retryAfter(answer.headers.get("Retry-After")) ?? retryAfter(error?.meta?.retryAfter) ?? closedSeconds,
  };
}

// retryAfter is the seconds to wait that a Retry-After (seconds or a date)
// means, or null.
function retryAfter(value) {
  if (value === null || value === undefined || value === "") {
    return null;
  }
  const seconds = Number(value);
  if (Number.isFinite(seconds)) {
    return Math.max(seconds, 1);
  }
  const when = date(value);
  return when && Math.max((when - Date.now()) / 1000, 1);
}

function date(value) {
  const when = new Date(value ?? NaN);
  return Number.isNaN(when.getTime()) ? null : when;
}

function show({ state, title, detail, until }, next) {
  document.getElementById("state").dataset.state = state;
  document.getElementById("title").textContent = title;
  document.getElementById("detail").textContent = detail ?? "";
  showTime("until", until, { dateStyle: "medium", timeStyle: "short" });
  showTime("next", state === "ok" ? null : next, { timeStyle: "medium" });
}

function showTime(id, when, format) {
  const line = document.getElementById(id);
  line.hidden = !when;
  if (when) {
    const time = line.querySelector("time");
    time.dateTime = when.toISOString();
    time.textContent = new Intl.DateTimeFormat(undefined, format).format(when);
  }
}

async function watch() {
  const answer = await ask();
  const wait = Math.min(answer.wait, longestSeconds) * 1000;
  show(answer, new Date(Date.now() + wait));
  setTimeout(watch, wait);
}

watch();

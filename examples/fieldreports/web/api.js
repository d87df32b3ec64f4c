// The site's requests to the API: every request goes through call.

// A MaintenanceError is a request that maintenance has refused. It has had no
// effect: it can be sent again, after retryAfter seconds.
export class MaintenanceError extends Error {
  constructor({ message, language, until, retryAfter }) {
    super(message);
    Object.assign(this, { language, until, retryAfter });
  }
}

// A Refusal is a request that the API has refused. Asking again does not help.
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

// A Failure is an answer that says nothing, or no answer: asking later may help.
// Its message is the name of a text in words.js.
export class Failure extends Error {
  constructor(name, status = 0) {
    super(name);
    this.status = status;
  }
}

const longest = 24 * 60 * 60; // seconds: a longer wait is not accepted

let base = "";
let offset = 0; // of the service's clock from this machine's, in milliseconds

// useAPI reads where the API is: config.json names its origin; "" is the site's
// own.
export async function useAPI() {
  const answer = await fetch("/config.json");
  base = (await answer.json()).api ?? "";
}

// now returns the time by the service's clock, as far as it is known.
export function now() {
  return new Date(Date.now() + offset);
}

// call sends a request and returns the answer.
export async function call(path, { method = "GET", body, key, login } = {}) {
  const headers = {};
  if (body) {
    headers["Content-Type"] = "application/json";
  }
  if (key) {
    headers["Idempotency-Key"] = key;
  }
  if (login) {
    const text = new TextEncoder().encode(`${login.name}:${login.password}`);
    headers.Authorization = `Basic ${btoa(String.fromCharCode(...text))}`;
  }
  let answer;
  try {
    answer = await fetch(base + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: base ? "include" : "same-origin",
      signal: AbortSignal.timeout(20000),
    });
  } catch {
    throw new Failure("unreachable");
  }
  const said = Date.parse(answer.headers.get("Date"));
  if (said) { // a few minutes are the network's delay
    offset = Math.abs(said - Date.now()) > 5 * 60 * 1000 ? said - Date.now() : 0;
  }
  if (answer.ok) {
    return answer;
  }
  const error = (await answer.json().catch(() => null))?.errors?.[0];
  if (answer.status === 503 && answer.headers.get("X-Maintenance-Mode") === "on") {
    throw new MaintenanceError({
      message: String(error?.detail ?? ""), // a proxy may have replaced the body
      language: answer.headers.get("Content-Language") ?? "",
      until: date(error?.meta?.until),
      retryAfter: seconds(answer.headers.get("Retry-After")) ?? seconds(error?.meta?.retryAfter) ?? 600,
    });
  }
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
    throw new Failure("failed", answer.status);
  }
  throw new Refusal(answer.status, error?.code ?? "", error?.detail ?? String(answer.status));
}

// json returns the document that answers a request. Any other answer is not from
// the API.
export async function json(path, options) {
  const answer = await call(path, options);
  try {
    return await answer.json();
  } catch {
    throw new Failure("unreachable");
  }
}

// announcement returns the content of /maintenance.json, or null if it is not
// served or says nothing. The answers of the API decide; this only adds to them.
export async function announcement() {
  try {
    const answer = await fetch("/maintenance.json", { cache: "no-cache", signal: AbortSignal.timeout(10000) });
    const said = answer.ok ? await answer.json() : null;
    if (!said || typeof said !== "object") {
      return null;
    }
    const from = said.status === "scheduled" ? date(said.scheduledFor) : null;
    return {
      mode: said.mode,
      over: said.mode === "open" || said.status === "completed" || said.status === "none",
      pollAfter: seconds(said.pollAfter) ?? 60,
      since: date(said.since ?? (said.status === "in_progress" ? said.scheduledFor : null)),
      until: date(said.until ?? said.scheduledUntil),
      planned: from && {
        id: String(said.id ?? said.scheduledFor), from, until: date(said.scheduledUntil),
        messages: said.message && typeof said.message === "object" ? said.message : {},
      },
    };
  } catch {
    return null;
  }
}

function seconds(value) {
  const number = Number(value || NaN);
  return Number.isFinite(number) && number > 0 ? Math.min(number, longest) : null;
}

function date(value) {
  const when = new Date(value ?? NaN);
  return Number.isNaN(when.getTime()) ? null : when;
}

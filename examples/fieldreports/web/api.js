// How the site talks to the API: every request of the site goes through call.

// A MaintenanceError is a request that maintenance has refused. Nothing has
// happened to what it carried: it can be sent again, after retryAfter seconds.
export class MaintenanceError extends Error {
  constructor({ message, language, until, retryAfter }) {
    super(message);
    Object.assign(this, { language, until, retryAfter });
  }
}

// A Refusal is an answer of the API that says no. Asking again does not help.
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// A Failure is no answer, or one that says nothing: asking later may help.
export class Failure extends Error {}

let base = "";

// useAPI reads where the API is: config.json names its origin, "" is the site's
// own.
export async function useAPI() {
  const answer = await fetch("/config.json");
  base = (await answer.json()).api ?? "";
}

// call sends a request and returns the answer.
export async function call(path, { method = "GET", body, key } = {}) {
  const headers = {};
  if (body) {
    headers["Content-Type"] = "application/json";
  }
  if (key) {
    headers["Idempotency-Key"] = key;
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
    throw new Failure("The service cannot be reached.");
  }
  if (answer.ok) {
    return answer;
  }
  const error = (await answer.json().catch(() => null))?.errors?.[0];
  if (answer.status === 503 && answer.headers.get("X-Maintenance-Mode") === "on") {
    throw new MaintenanceError({
      message: error?.detail ?? "", // a proxy may have replaced the body
      language: answer.headers.get("Content-Language") ?? "",
      until: date(error?.meta?.until),
      retryAfter: seconds(answer.headers.get("Retry-After")) ?? seconds(error?.meta?.retryAfter) ?? 600,
    });
  }
  if (answer.status >= 500 || answer.status === 429) {
    throw new Failure(`The service has a problem (${answer.status}).`);
  }
  throw new Refusal(answer.status, error?.detail ?? `The service answered ${answer.status}.`);
}

function seconds(value) {
  const number = Number(value || NaN);
  return Number.isFinite(number) && number > 0 ? number : null;
}

function date(value) {
  const when = new Date(value ?? NaN);
  return Number.isNaN(when.getTime()) ? null : when;
}

// Common to all rows: it sends one request with a library, with the defaults or
// with the contract's settings, and prints the outcome.

export const [url, method, kept] = [process.argv[2], process.argv[3], process.argv[4] === "kept"];
export const key = "0b0f5b2e-0000-4000-8000-0000000000aa";
export const headers = { "Idempotency-Key": key, "Accept-Language": "ja" };
export const body = method === "POST" ? { title: "Pump 3" } : undefined;

// isMaintenance is the contract's check. get reads a header.
export const isMaintenance = (status, get) => status === 503 && get("X-Maintenance-Mode") === "on";

// said prints the outcome: a status, or that it was maintenance and how long to
// wait.
export function said(status, get) {
  console.log(isMaintenance(status, get) ? `maintenance ${get("Retry-After")}` : String(status));
}

import { body, headers, method, said, url } from "./row.mjs";

// fetch neither throws on a 503 nor repeats it.
const answer = await fetch(url, { method, headers: { ...headers, "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
said(answer.status, (name) => answer.headers.get(name));

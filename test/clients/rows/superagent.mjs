import superagent from "superagent";
import { body, headers, isMaintenance, kept, method, said, url } from "./row.mjs";

const again = kept ? (error, answer) => {
  if (answer && isMaintenance(answer.status, (name) => answer.headers[name.toLowerCase()])) {
    return false;
  }
} : undefined;

try {
  const answer = await superagent(method, url).set(headers).send(body).retry(2, again);
  said(answer.status, () => null);
} catch (error) {
  said(error.status, (name) => error.response.headers[name.toLowerCase()]);
}

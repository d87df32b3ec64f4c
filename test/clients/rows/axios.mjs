import axios from "axios";
import { body, headers, method, said, url } from "./row.mjs";

// axios throws on a 503, and does not repeat it.
try {
  const answer = await axios({ url, method, headers, data: body });
  said(answer.status, () => null);
} catch (error) {
  said(error.response.status, (name) => error.response.headers.get(name));
}

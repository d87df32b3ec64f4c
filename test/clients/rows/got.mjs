import got from "got";
import { body, headers, isMaintenance, kept, method, said, url } from "./row.mjs";

const settings = kept ? {
  retry: {
    calculateDelay: ({ error, computedValue }) =>
      isMaintenance(error.response?.statusCode, (name) => error.response.headers[name.toLowerCase()]) ? 0 : computedValue,
  },
} : {};

try {
  const answer = await got(url, { method, headers, json: body, ...settings });
  said(answer.statusCode, () => null);
} catch (error) {
  said(error.response.statusCode, (name) => error.response.headers[name.toLowerCase()]);
}

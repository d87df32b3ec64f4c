import ky from "ky";
import { body, headers, isMaintenance, kept, method, said, url } from "./row.mjs";

const settings = kept ? {
  hooks: {
    beforeRetry: [({ error }) => {
      if (isMaintenance(error.response?.status, (name) => error.response.headers.get(name))) {
        throw error;
      }
    }],
  },
  retry: { afterStatusCodes: [413, 429] }, // or it waits before it asks the hook
} : {};

try {
  const answer = await ky(url, { method, headers, json: body, ...settings });
  said(answer.status, () => null);
} catch (error) {
  said(error.response.status, (name) => error.response.headers.get(name));
}

import axios from "axios";
import axiosRetry, { isNetworkOrIdempotentRequestError } from "axios-retry";
import { body, headers, isMaintenance, kept, method, said, url } from "./row.mjs";

axiosRetry(axios, kept ? {
  retryCondition: (error) => isNetworkOrIdempotentRequestError(error) &&
    !isMaintenance(error.response?.status, (name) => error.response.headers.get(name)),
} : {});

try {
  const answer = await axios({ url, method, headers, data: body });
  said(answer.status, () => null);
} catch (error) {
  said(error.response.status, (name) => error.response.headers.get(name));
}

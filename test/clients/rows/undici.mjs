import { Agent, request, RetryAgent } from "undici";
import { body, headers, isMaintenance, kept, method, said, url } from "./row.mjs";

// undici limits its waits, including Retry-After, to maxTimeout, by default 30
// seconds. Here it is half a second, so that the test is short.
const settings = kept ? {
  throwOnError: false,
  retry: (error, { state, opts }, done) => {
    const get = (name) => error.headers?.[name.toLowerCase()];
    if (isMaintenance(error.statusCode, get) || state.counter > (opts.retryOptions.maxRetries ?? 5)) {
      return done(error);
    }
    setTimeout(() => done(null), 100 * 2 ** state.counter);
  },
} : { maxTimeout: 500 };

try {
  const answer = await request(url, {
    method, headers: { ...headers, "Content-Type": "application/json" }, body: body && JSON.stringify(body),
    dispatcher: new RetryAgent(new Agent(), settings),
  });
  said(answer.statusCode, (name) => answer.headers[name.toLowerCase()]);
} catch (error) {
  said(error.statusCode, (name) => error.headers?.[name.toLowerCase()]);
}

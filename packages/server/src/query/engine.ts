import type { Store } from "@go3s/store";
import type { Engine } from "../api/context.js";
import { ServerError } from "../errors.js";
import { fromStore } from "../store-errors.js";

// The engine runs four queries at once; a page asks up to about eight. What waits longer than a page's patience is refused instead.
const mostAtOnce = 4;
const mostWaiting = 64;

/** createEngine asks the store, a few statements at a time; more than 64 waiting are refused with "too-many". */
export function createEngine(store: Pick<Store, "query">): Engine {
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = async () => {
    if (running < mostAtOnce) {
      running++;
      return;
    }
    if (waiting.length >= mostWaiting)
      throw new ServerError("too-many", `${mostWaiting} queries are waiting already`, {
        hint: "try again in a moment",
        retryAfterSeconds: 1,
      });
    // Whoever leaves hands its place to the first that waits.
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };
  return async (sql, format, parameters, signal) => {
    await enter();
    try {
      signal.throwIfAborted();
      const result = await store.query(sql, { format, params: parameters, signal });
      return await result.text();
    } catch (error) {
      if (signal.aborted) throw new ServerError("query-cancelled", "the client went away");
      throw fromStore(error);
    } finally {
      leave();
    }
  };
}

// The answers of /api/v1 as the pages read them: types only, so that `web` can import them and nothing else of the server.
// This file names them all; each subject has its own (service-types.ts, trace-types.ts …), with answer-types.ts under them.
// Rules: names are the database's (trace_id, duration_ns …). A point in time is Unix milliseconds as a number (`*_ms`) where a plot
// wants it, or Unix nanoseconds as decimal text (`*_ns` of type NanoText) where it must be exact; durations are numbers of
// nanoseconds (exact up to 104 days). Rates are per second. A share is 0…1. `null` in a series means: nothing happened, not zero.
//
// Every endpoint is GET and takes, where it makes sense: `from`, `to` (Unix ms, RFC 3339, `now`, `now-1h`, units s m h d w;
// default now-1h … now), `filter` (the filter language, percent-encoded), `limit`. An error has ErrorBody with status 400 (bad
// parameter or filter), 403 (Host/Origin), 404, 429 (too many at once), 503 (store not ready), 504 (took too long), 500 (our bug).
export type { FilterCompare, FilterNode, FilterPattern, FilterPlace, FilterTest } from "../filter/ast.js";
export type * from "./answer-types.js";
export type * from "./filter-types.js";
export type * from "./log-types.js";
export type * from "./map-types.js";
export type * from "./profile-types.js";
export type * from "./query-types.js";
export type * from "./scrape-types.js";
export type * from "./service-types.js";
export type * from "./status-types.js";
export type * from "./stream-types.js";
export type * from "./trace-types.js";

// What the server sends by itself: types only, as types.ts.
import type { StatusAnswer } from "./status-types.js";

/**
 * StreamEvent is one server-sent event of GET stream (`event:` is its type, `data:` its JSON). "status" comes at once and every
 * 2 s; "arrived" at most every 500 ms and only when more items can be queried than at the last; a comment every 15 s keeps it open.
 */
export type StreamEvent =
  | { readonly type: "status"; readonly data: StatusAnswer }
  | { readonly type: "arrived"; readonly data: ArrivedEvent };

/** ArrivedEvent tells how many items can be queried since the server started. */
export interface ArrivedEvent {
  readonly now_ms: number;
  readonly spans: number;
  readonly logs: number;
  readonly metrics: number;
}

export { createDecoder, type RecordDecoder } from "./events/decode.js";
export type {
  EndEvent,
  EventSink,
  HeadEvent,
  MoreEvent,
  ProcessEvent,
  RequestEvent,
  ResponseEvent,
  TcpEvent,
} from "./events/event.js";
export { EndReason, RecordKind, RequestFlag, ResponseFlag, Role } from "./events/layout.js";

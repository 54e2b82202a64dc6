import { type FrameFormat, framesFit, newLane } from "../frames.js";
import { latin1, startsWith, u32, zeroAt } from "../text.js";
import { newTurns } from "../turns.js";
import type { Parser, ParserOptions, Protocol, WireExchange } from "../wire.js";
import { readFailure } from "./answer-end.js";
import { forgetBatch, type Item, newSession, readRequest, readStartup } from "./client.js";
import { messageLength, StartupCode, startupLength } from "./message.js";

// Query text that is kept of one message; a longer one is told cut.
const keep = 8192;
const copyBytes = new Set([..."dcf"].map((c) => c.charCodeAt(0)));
const lengthOfRequest = (bytes: Uint8Array, start: number, end: number): number =>
  messageLength(bytes, start, end, true);
const lengthOfResponse = (bytes: Uint8Array, start: number, end: number): number =>
  messageLength(bytes, start, end, false);

/** postgresql reads PostgreSQL's protocol 3, simple and extended. */
export const postgresql: Protocol = {
  name: "postgresql",
  asks(bytes, start, end, total, datagram) {
    if (datagram || end - start < 5) return 0;
    const startup = startupLength(bytes, start, end);
    if (startup > 0 && startup === total) {
      if (u32(bytes, start + 4) >>> 16 !== 3) return 100;
      return startsWith(bytes, start + 8, end, "user\0", 2) || end - start > 8 ? 100 : 60;
    }
    if (!framesFit({ lengthOf: lengthOfRequest }, bytes, start, end, total)) return 0;
    const type = bytes[start];
    const length = messageLength(bytes, start, end, true);
    if (type === 0x51 && length === total)
      return length <= end - start && bytes[start + length - 1] !== 0 ? 0 : 80;
    // Batches end with Sync or Flush.
    if (length < total && (type === 0x50 || type === 0x42 || type === 0x43)) return 85;
    return length === total ? 30 : 0;
  },
  answers(bytes, start, end, total, datagram) {
    if (datagram || end - start < 5) return 0;
    if (!framesFit({ lengthOf: lengthOfResponse }, bytes, start, end, total)) return 0;
    const length = messageLength(bytes, start, end, false);
    const type = bytes[start];
    if (length < total && (type === 0x31 || type === 0x32 || type === 0x54 || type === 0x43 || type === 0x45))
      return 80;
    if (type === 0x52 && length <= 64) return 60;
    return length < total ? 50 : 20;
  },
  open: openPostgresql,
};

function openPostgresql(options: ParserOptions): Parser {
  const session = newSession();
  const turns = newTurns<Item>(tell, options.late);
  let isStartup = !options.late;
  let isBegun = false;
  let awaitsByte = false;
  let opaque = false;
  // Set when a frame that ends the first item is being read: what its last byte ends.
  let ends: "" | "item" | "sync" = "";
  // After an error in the extended protocol the server answers nothing until the client's Sync.
  let skipping = false;

  function tell(item: Item): void {
    const { exchange } = item;
    if (exchange === undefined) return;
    // A connection that could be made, and a portal that was closed without a word, are no operations.
    if (item.step === "startup" && exchange.error === "") return;
    options.emit(exchange);
  }

  const requestFormat: FrameFormat = {
    keep,
    lengthOf: (bytes, start, end) =>
      isStartup ? startupLength(bytes, start, end) : messageLength(bytes, start, end, true),
    frame(bytes, start, end, total, firstNs) {
      if (isStartup) {
        const code = u32(bytes, start + 4);
        if (code === StartupCode.ssl || code === StartupCode.gss) awaitsByte = true;
        else if (code !== StartupCode.cancel) {
          isStartup = false;
          turns.ask(readStartup(session, bytes, start, end, firstNs));
        }
        return;
      }
      const item = readRequest(session, bytes, start, end, total, firstNs);
      if (item !== undefined) {
        turns.ask(item);
        if (item.step === "prepare") turns.ask({ step: "sync", exchange: undefined });
      } else if (copyBytes.has(bytes[start])) {
        const { exchange } = turns.first() ?? {};
        if (exchange !== undefined) exchange.requestBytes += total;
      }
    },
    lost() {
      forgetBatch(session);
      turns.missed();
    },
  };

  const answerItem = (ns: number): void => {
    turns.answer(ns);
  };

  const responseFormat: FrameFormat = {
    keep,
    lengthOf: (bytes, start, end) => (awaitsByte ? 1 : messageLength(bytes, start, end, false)),
    // Of rows only their length matters.
    wanted: (bytes, start) => (bytes[start] === 0x44 || bytes[start] === 0x64 ? 5 : keep),
    frame(bytes, start, end, total, firstNs) {
      if (awaitsByte) {
        awaitsByte = false;
        // 'N': not here; anything else but an error is TLS or GSS.
        if (bytes[start] !== 0x4e) opaque = true;
        return;
      }
      const item = turns.first();
      const exchange = item?.exchange;
      const type = String.fromCharCode(bytes[start]);
      if (exchange !== undefined && type !== "A" && type !== "S" && type !== "N") {
        if (exchange.firstByteNs === 0) exchange.firstByteNs = firstNs;
        exchange.responseBytes += total;
      }
      if (type === "Z") {
        ends = "sync";
        return;
      }
      if (exchange === undefined || item === undefined) return;
      if (type === "C") {
        complete(exchange, bytes, start, end, item.step);
        if (item.step === "execute") ends = "item";
      } else if (type === "I" || type === "s") {
        if (item.step === "execute") ends = "item";
      } else if (type === "E") {
        fail(exchange, bytes, start, end);
        if (item.step === "execute" || item.step === "prepare") {
          skipping = true;
          ends = "item";
        } else if (item.step === "startup") ends = "item";
      }
    },
    ended(ns) {
      if (ends === "item") answerItem(ns);
      else if (ends === "sync") {
        // ReadyForQuery answers the oldest Sync or simple query, and what an error made the server pass over.
        for (let item = turns.first(); item !== undefined; item = turns.first()) {
          if (skipping && item.step === "execute" && item.exchange !== undefined)
            item.exchange.error = "pipeline_aborted";
          answerItem(ns);
          if (item.step === "sync" || item.step === "query" || item.step === "startup") break;
        }
        skipping = false;
      }
      ends = "";
    },
    lost() {
      ends = "";
      skipping = false;
      turns.lose();
    },
  };

  const requests = newLane(requestFormat, options.late);
  const responses = newLane(responseFormat, options.late);
  return {
    request(bytes, start, end, total, ns) {
      if (opaque) return;
      // A startup message has no type but a length, whose first byte is 0: of a Unix socket nobody says that it was used before.
      if (!isBegun && end > start) {
        isBegun = true;
        isStartup &&= bytes[start] === 0;
      }
      turns.sent(ns);
      requests.push(bytes, start, end, total, ns);
    },
    response(bytes, start, end, total, ns) {
      if (opaque) return;
      turns.received(ns);
      responses.push(bytes, start, end, total, ns);
    },
    resume() {
      requests.reset();
      responses.reset();
      forgetBatch(session);
      turns.resume();
      ends = "";
      skipping = false;
    },
    close: turns.close,
    state: () => (opaque ? "opaque" : requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}

/** complete reads a CommandComplete's tag, "SELECT 5" or "INSERT 0 5": its last word counts rows. */
function complete(
  exchange: WireExchange,
  bytes: Uint8Array,
  start: number,
  end: number,
  step: Item["step"],
): void {
  const stop = zeroAt(bytes, start + 5, end);
  const tag = latin1(bytes, start + 5, stop < 0 ? end : stop);
  const found = /^([A-Z][A-Z ]*?)(?: \d+)?(?: (\d+))?$/.exec(tag);
  if (found === null) return;
  const { attributes } = exchange;
  if (
    step === "execute" &&
    attributes["db.operation.name"] === undefined &&
    attributes["db.query.text"] === undefined
  ) {
    attributes["db.operation.name"] = found[1];
    exchange.name = found[1];
  }
  const rows = /(\d+)$/.exec(tag);
  if (rows === null) return;
  const key = /^(?:SELECT|FETCH)/.test(tag) ? "db.response.returned_rows" : "go3s.db.affected_rows";
  const before = attributes[key];
  attributes[key] = Number(rows[1]) + (typeof before === "number" ? before : 0);
}

/** fail reads an ErrorResponse. */
function fail(exchange: WireExchange, bytes: Uint8Array, start: number, end: number): void {
  const code = readFailure(bytes, start, end);
  exchange.error = code === "" ? "_OTHER" : code;
  if (code !== "") exchange.attributes["db.response.status_code"] = code;
}

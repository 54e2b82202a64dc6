import { type FrameFormat, newLane } from "../frames.js";
import { latin1, utf8 } from "../text.js";
import { newTurns } from "../turns.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";
import { itemsOf, lineEnd, Sign, unitLength } from "./unit.js";

// Of an argument only a command's words and channels are read.
const keep = 512;
// Redis itself answers deeper than this to nobody but scripts.
const deepest = 32;
const argumentsShown = 16;
const longestWord = 66;
// Commands that are two words.
const containers = new Set(
  "CONFIG CLIENT CLUSTER OBJECT SCRIPT FUNCTION XGROUP XINFO ACL MEMORY LATENCY MODULE PUBSUB SLOWLOG COMMAND DEBUG".split(
    " ",
  ),
);
const subscribing = new Set(
  "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE".split(" "),
);
const messages = new Set(["message", "pmessage", "smessage"]);
const confirmations = new Set([...subscribing].map((word) => word.toLowerCase()));
const inlineWords = /^(?:PING|INFO|SELECT|COMMAND|MONITOR)(?: \w+)?\r?\n/i;

/** redis reads RESP2 and RESP3. */
export const redis: Protocol = {
  name: "redis",
  asks(bytes, start, end, _total, datagram) {
    if (datagram) return 0;
    const text = latin1(bytes, start, Math.min(end, start + 40));
    if (/^\*[1-9]\d{0,6}\r\n\$[1-9]\d{0,3}\r\n[A-Za-z]/.test(text)) return 100;
    if (/^\*[1-9]\d{0,6}(?:\r|\r\n|\r\n\$|\r\n\$\d{0,4}\r?\n?)?$/.test(text)) return 40;
    // Other line protocols ping too: the answer has to say +PONG or +OK.
    return inlineWords.test(text) ? 40 : 0;
  },
  answers(bytes, start, end, _total, datagram) {
    if (datagram) return 0;
    const text = latin1(bytes, start, Math.min(end, start + 40));
    if (
      /^\+(?:PONG|QUEUED)\r\n/.test(text) ||
      /^-(?:ERR|WRONGTYPE|NOAUTH|MOVED|NOSCRIPT|LOADING) /.test(text)
    )
      return 85;
    if (/^(?:\+OK|:-?\d+|\$-?\d+|[*%~>]\d+)\r\n/.test(text)) return 50;
    return 0;
  },
  open: openRedis,
};

function queryText(name: string, values: number): string {
  const marks = " ?".repeat(Math.min(Math.max(0, values), argumentsShown));
  return name + marks + (values > argumentsShown ? " ..." : "");
}

/** Asked is a command whose replies are awaited. */
interface Asked {
  readonly exchange: WireExchange;
  readonly command: string;
  /** replies counts those that are still to come: one for each channel of a subscription. */
  replies: number;
}

function openRedis(options: ParserOptions): Parser {
  const turns = newTurns<Asked>(({ exchange }) => options.emit(exchange), options.late);
  let database = options.late ? "" : "0";
  let opaque = false;

  // The command that is being read.
  let asking: WireExchange | undefined;
  let words: string[] = [];
  let argumentsLeft = 0;
  let argumentCount = 0;

  const finishCommand = (doubt: "" | "cut"): void => {
    const exchange = asking;
    asking = undefined;
    argumentsLeft = 0;
    if (exchange === undefined || argumentCount === 0) return;
    const first = (words[0] ?? "").toUpperCase();
    const isContainer = containers.has(first) && argumentCount > 1;
    const second = isContainer ? (words[1] ?? "").toUpperCase() : "";
    const name = isContainer ? `${first} ${second}` : first;
    // As the program spelled it: the conventions ask for no other case.
    const spelled = words.slice(0, isContainer ? 2 : 1).join(" ");
    const shown = argumentCount - (isContainer ? 2 : 1);
    const { attributes } = exchange;
    exchange.doubt = doubt;
    attributes["db.system.name"] = "redis";
    if (first === "" || (isContainer && second === ""))
      attributes["go3s.wire.unknown"] = ["db.operation.name"];
    else {
      exchange.name = spelled;
      attributes["db.operation.name"] = spelled;
      attributes["db.query.text"] = queryText(spelled, shown);
    }
    if (database !== "") attributes["db.namespace"] = database;
    if (first === "SELECT" || first === "") database = words[1] ?? "";
    // Without replies, or with a stream of what others do, nothing can be paired any more.
    if (
      first === "MONITOR" ||
      first === "PSYNC" ||
      first === "SYNC" ||
      (name === "CLIENT REPLY" && words[2]?.toUpperCase() !== "ON")
    )
      opaque = true;
    turns.ask({ exchange, command: name, replies: subscribing.has(first) ? Math.max(1, shown) : 1 });
  };

  const requestFormat: FrameFormat = {
    keep: 4096,
    lengthOf: (bytes, start, end) => unitLength(bytes, start, end, argumentsLeft === 0),
    wanted: () => keep,
    boundary: (bytes, start, end) =>
      (bytes[start] === Sign.array || inlineWords.test(latin1(bytes, start, end))) &&
      unitLength(bytes, start, end, true) >= 0,
    frame(bytes, start, end, total, firstNs) {
      if (argumentsLeft === 0) {
        asking = newExchange("redis", firstNs);
        asking.requestBytes = total;
        words = [];
        argumentCount = itemsOf(bytes, start, end);
        argumentsLeft = argumentCount;
        if (bytes[start] === Sign.array) return;
        words = latin1(bytes, start, end).trim().split(/\s+/, 3);
        argumentCount = latin1(bytes, start, end).trim().split(/\s+/).length;
        return;
      }
      argumentsLeft--;
      if (asking === undefined) return;
      asking.requestBytes += total;
      const body = lineEnd(bytes, start, end, keep);
      // Subscriptions count channels; of other commands at most three words are looked at.
      if (words.length >= 3) return;
      const isWhole = body > 0 && end - start === total && total - (body - start) <= longestWord;
      words.push(isWhole ? latin1(bytes, body, end - 2) : "");
    },
    ended() {
      if (argumentsLeft === 0) finishCommand("");
    },
    lost() {
      turns.missed();
      database = "";
      if (asking !== undefined) finishCommand("cut");
      argumentsLeft = 0;
      asking = undefined;
    },
  };

  // The reply that is being read: how many units are left on each level, what it began with.
  let left: number[] = [];
  let sign = 0;
  let firstWord = "";
  let channel = "";
  let unitsSeen = 0;
  let replyBytes = 0;
  let replyNs = 0;
  let replyError = "";
  let inAttribute = false;

  const finishReply = (ns: number): void => {
    const asked = turns.first();
    const isList = sign === Sign.push || sign === Sign.array;
    if (isList && messages.has(firstWord)) {
      const exchange = newExchange("redis", replyNs);
      exchange.kind = "push";
      exchange.name = "MESSAGE";
      exchange.attributes["db.system.name"] = "redis";
      exchange.attributes["db.operation.name"] = "MESSAGE";
      if (channel !== "") exchange.attributes["messaging.destination.name"] = channel;
      exchange.responseBytes = replyBytes;
      exchange.firstByteNs = replyNs;
      exchange.endNs = ns;
      options.emit(exchange);
      return;
    }
    const confirms = confirmations.has(firstWord);
    if (sign === Sign.push && !confirms) return;
    if (asked === undefined) return;
    const { exchange } = asked;
    if (exchange.firstByteNs === 0) exchange.firstByteNs = replyNs;
    exchange.responseBytes += replyBytes;
    if (replyError !== "") {
      exchange.error = replyError;
      exchange.attributes["db.response.status_code"] = replyError;
    }
    if (--asked.replies === 0 || !confirms) turns.answer(ns);
  };

  const responseFormat: FrameFormat = {
    keep: 4096,
    lengthOf: (bytes, start, end) => unitLength(bytes, start, end, false),
    wanted: () => keep,
    frame(bytes, start, end, total, firstNs) {
      const first = left.length === 0;
      if (first) {
        sign = bytes[start];
        firstWord = "";
        channel = "";
        replyBytes = 0;
        replyNs = firstNs;
        replyError = "";
        unitsSeen = 0;
        inAttribute = sign === Sign.attribute;
      }
      replyBytes += total;
      unitsSeen++;
      if (first && (sign === Sign.error || sign === Sign.bulkError)) {
        const from = sign === Sign.error ? start + 1 : lineEnd(bytes, start, end, keep);
        replyError = /^[A-Z]{2,30}\b/.exec(latin1(bytes, from, end))?.[0] ?? "_OTHER";
      } else if (unitsSeen <= 4 && bytes[start] === Sign.bulk && left.length === 1) {
        const from = lineEnd(bytes, start, end, keep);
        const text = utf8(bytes, from, Math.min(end, start + total - 2));
        // A pattern's message names the pattern first.
        if (unitsSeen === 2) firstWord = text;
        else if (unitsSeen === (firstWord === "pmessage" ? 4 : 3) && messages.has(firstWord)) channel = text;
      }
      if (left.length > 0) left[left.length - 1]--;
      const items = itemsOf(bytes, start, end);
      if (items > 0) left.push(items);
      while (left.length > 0 && left[left.length - 1] === 0) left.pop();
    },
    ended(ns) {
      if (left.length > 0) {
        if (left.length > deepest) left = [];
        return;
      }
      // An attribute comes before the reply that it is about.
      if (inAttribute) return;
      finishReply(ns);
    },
    lost() {
      left = [];
      turns.lose();
    },
  };

  const requests = newLane(requestFormat, options.late);
  const responses = newLane(responseFormat, options.late);
  return {
    request(bytes, start, end, total, ns) {
      if (opaque) return;
      turns.sent(ns);
      requests.push(bytes, start, end, total, ns);
    },
    response(bytes, start, end, total, ns) {
      if (opaque) return;
      turns.received(ns);
      responses.push(bytes, start, end, total, ns);
    },
    close: turns.close,
    state: () => (opaque ? "opaque" : requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}

import type { WireExchange } from "./wire.js";

/** Asked is something a client waits for; without an exchange it is told to nobody. */
export interface Asked {
  readonly exchange: WireExchange | undefined;
}

/** Turns pairs requests and responses of a protocol that answers in the order it was asked. */
export interface Turns<T extends Asked> {
  /** first is the oldest request without its whole answer; undefined when nobody can say which that is. */
  first(): T | undefined;
  last(): T | undefined;
  size(): number;
  /** sent is told of every write of the client before its bytes are read, received of every one of the server. */
  sent(ns: number): void;
  received(ns: number): void;
  ask(asked: T): void;
  /** answer ends the oldest request. */
  answer(ns: number): void;
  /** lose is told when the server's direction lost its place. */
  lose(): void;
  /** missed is told when the client's direction lost its place: requests were sent that nobody saw. */
  missed(): void;
  /** resume forgets what is open: it was answered unseen. */
  resume(): void;
  /** close ends what is open; an exchange whose answer is whole has been answered before. */
  close(ns: number): void;
}

// Requests without an answer; a client that pipelines more is not answered at all.
const limit = 1024;
// After a loss in the middle of a pipeline nobody knows which answer is whose until the connection was quiet; what comes first
// then is in doubt all the same.
const quietNs = 200_000_000;
// A client that asked one write at a time for so long does not pipeline any more (drivers often do when they connect).
const turnsAlone = 16;

/**
 * State says what is known of the pairing: "late" from a late attach to the first whole turn, when answers may be those of
 * earlier requests; "blind" when some of a turn's answers were missed, until the turn is over; "unpaired" when that was in a
 * pipeline, whose turns never end.
 */
type State = "sure" | "late" | "blind" | "unpaired";

/** newTurns makes a pairing; one that begins late doubts what is answered before the first whole turn. */
export function newTurns<T extends Asked>(tell: (asked: T) => void, late: boolean): Turns<T> {
  let open: T[] = [];
  let head = 0;
  let state: State = late ? "late" : "sure";
  let answered = false;
  let pipelined = false;
  let askedInWrite = false;
  let alone = 0;
  let lastNs = 0;
  let receivedNs = 0;

  const size = (): number => open.length - head;

  const take = (): T | undefined => {
    if (head >= open.length) return undefined;
    const asked = open[head++];
    if (head === open.length) {
      open = [];
      head = 0;
    } else if (head > 64 && head * 2 > open.length) {
      open = open.slice(head);
      head = 0;
    }
    return asked;
  };

  /** cut ends everything that is open as not seen to its end. */
  const cut = (ns: number): void => {
    for (let asked = take(); asked !== undefined; asked = take()) {
      const { exchange } = asked;
      if (exchange !== undefined) {
        exchange.doubt = "cut";
        exchange.endNs = Math.max(exchange.endNs, exchange.firstByteNs, ns);
      }
      tell(asked);
    }
  };

  const cutOff = (): boolean => {
    for (let i = head; i < open.length; i++)
      if (open[i].exchange !== undefined) return open[i].exchange?.doubt === "cut";
    return false;
  };

  return {
    first: () => (state === "unpaired" || state === "blind" ? undefined : open[head]),
    last: () => open[open.length - 1],
    size,
    sent(ns) {
      if (state === "unpaired") {
        cut(0);
        if (ns - lastNs >= quietNs) state = "late";
      } else if (answered && state === "blind") {
        cut(receivedNs);
        state = "late";
      } else if (answered && state === "late") state = "sure";
      // An answer whose end was lost ends at the latest when the next turn begins.
      if (answered && cutOff()) cut(receivedNs);
      answered = false;
      askedInWrite = false;
      lastNs = ns;
    },
    received(ns) {
      answered = true;
      lastNs = ns;
      receivedNs = ns;
    },
    ask(asked) {
      if (!askedInWrite && size() > 0) {
        pipelined = true;
        alone = 0;
      }
      askedInWrite = true;
      open.push(asked);
      if (size() <= limit) return;
      state = "unpaired";
      cut(0);
    },
    answer(ns) {
      const asked = take();
      if (asked === undefined) return;
      if (head >= open.length && ++alone >= turnsAlone) pipelined = false;
      const { exchange } = asked;
      if (exchange !== undefined) {
        exchange.endNs = ns;
        if (state === "late" && exchange.doubt === "") exchange.doubt = "late";
      }
      tell(asked);
    },
    lose() {
      if (open[head] === undefined) return;
      if (pipelined) {
        cut(receivedNs);
        state = "unpaired";
        return;
      }
      let exchanges = 0;
      for (let i = head; i < open.length; i++) {
        const { exchange } = open[i];
        if (exchange === undefined) continue;
        exchange.doubt = "cut";
        exchanges++;
      }
      if (exchanges > 1) state = "blind";
    },
    missed() {
      cut(receivedNs);
      state = pipelined ? "unpaired" : "late";
      answered = false;
    },
    resume() {
      open = [];
      head = 0;
      answered = false;
      askedInWrite = false;
    },
    close(ns) {
      if (state === "unpaired" || state === "blind") cut(state === "blind" ? receivedNs : 0);
      for (let asked = take(); asked !== undefined; asked = take()) {
        const { exchange } = asked;
        if (exchange !== undefined) {
          exchange.endNs = ns;
          if (exchange.error === "" && exchange.doubt === "") exchange.error = "connection_closed";
        }
        tell(asked);
      }
    },
  };
}

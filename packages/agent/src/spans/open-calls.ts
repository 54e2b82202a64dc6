import type { Call } from "./calls.js";

/** OpenCalls holds the calls that have not ended, by process and goroutine, which is in one at a time. */
export interface OpenCalls {
  size(): number;
  get(tgid: number, goid: number): Call | undefined;
  /** add takes a call whose goroutine is in none. */
  add(call: Call): void;
  /** take removes a goroutine's call. */
  take(tgid: number, goid: number): Call | undefined;
  /** each calls `visit` for all; it may take the one it was called with. */
  each(visit: (call: Call) => void): void;
}

// Goroutines' numbers are given in sequence: open calls seldom meet at a place.
const places = 1024;
// More than this beside them are ends that got lost.
const othersLimit = 20_000;

/** newOpenCalls makes an empty one. Of a Map that is set and deleted for each call the table is made anew again and again. */
export function newOpenCalls(): OpenCalls {
  const slots: (Call | undefined)[] = new Array(places).fill(undefined);
  const others = new Map<number, Map<number, Call>>();
  let size = 0;
  let elsewhere = 0;
  const isOf = (call: Call | undefined, tgid: number, goid: number): boolean =>
    call !== undefined && call.goid === goid && call.process.tgid === tgid;

  return {
    size: () => size,
    get(tgid, goid) {
      const found = slots[(goid + tgid) & (places - 1)];
      if (isOf(found, tgid, goid)) return found;
      return elsewhere === 0 ? undefined : others.get(tgid)?.get(goid);
    },
    add(call) {
      const { goid, process } = call;
      const place = (goid + process.tgid) & (places - 1);
      size++;
      if (slots[place] === undefined) {
        slots[place] = call;
        return;
      }
      if (elsewhere >= othersLimit) {
        size -= elsewhere;
        elsewhere = 0;
        others.clear();
      }
      let own = others.get(process.tgid);
      if (own === undefined) {
        own = new Map();
        others.set(process.tgid, own);
      }
      own.set(goid, call);
      elsewhere++;
    },
    take(tgid, goid) {
      const place = (goid + tgid) & (places - 1);
      const found = slots[place];
      if (isOf(found, tgid, goid)) {
        slots[place] = undefined;
        size--;
        return found;
      }
      if (elsewhere === 0) return undefined;
      const own = others.get(tgid);
      const other = own?.get(goid);
      if (own === undefined || other === undefined) return undefined;
      own.delete(goid);
      if (own.size === 0) others.delete(tgid);
      size--;
      elsewhere--;
      return other;
    },
    each(visit) {
      for (let place = 0, left = size - elsewhere; left > 0 && place < places; place++) {
        const call = slots[place];
        if (call === undefined) continue;
        left--;
        visit(call);
      }
      if (elsewhere > 0)
        for (const own of [...others.values()]) for (const call of [...own.values()]) visit(call);
    },
  };
}

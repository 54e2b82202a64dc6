import { BinaryError, goOffsets, openGoBinary } from "@go3s/binary";
import { goLayoutOf } from "../go-layout.js";
import { classOf, programValue, reasonCount, spentClasses } from "./record.js";

/** WaitProgram names a program of probes/waits/waits.go3s. */
export type WaitProgram = "onServe" | "onServed" | "onStatus" | "onEnterSyscall" | "onExitSyscall";

/** WaitSites is where a Go executable is probed, and what the probes must know of it. */
export interface WaitSites {
  /** sites are file offsets, in the order in which they are attached. */
  readonly sites: readonly (readonly [program: WaitProgram, offset: number])[];
  /** value is the process's entry in the map `programs`. */
  readonly value: Uint8Array;
  readonly reasons: readonly string[];
}

const always: readonly (readonly [WaitProgram, string])[] = [
  ["onStatus", "runtime.casgstatus"],
  ["onServed", "net/http.(*response).finishRequest"],
  ["onServe", "net/http.serverHandler.ServeHTTP"],
];
const systemCalls: readonly (readonly [WaitProgram, string])[] = [
  ["onEnterSyscall", "runtime.entersyscall"],
  ["onExitSyscall", "runtime.exitsyscall"],
];
// From this release on entersyscall changes the status itself.
const ownSystemCalls = 26;

/** readWaitSites reads an executable; a text says why its goroutines' waits cannot be told. */
export function readWaitSites(path: string): WaitSites | string {
  try {
    using binary = openGoBinary(path);
    const layout = goLayoutOf(binary);
    const goid = goOffsets(binary, { "runtime.g": ["goid"] }).of("runtime.g", "goid");
    const waitReason = layout.field("runtime.g", "waitreason");
    if (goid === undefined || waitReason === undefined || layout.waitReasons.length === 0)
      return `the layout of goroutines in Go 1.${layout.minor} is unknown`;
    const sites: (readonly [WaitProgram, number])[] = [];
    for (const [program, symbol] of layout.minor >= ownSystemCalls ? [...systemCalls, ...always] : always) {
      const fn = binary.functions.find(symbol);
      if (fn === undefined) return `the program has no ${symbol}`;
      const site = binary.probeAddress(fn);
      if (site.cost !== "emulated")
        return `${symbol} begins with what must be single-stepped, 16 us a time; Go 1.21 and newer do not`;
      sites.push([program, site.fileOffset]);
    }
    const value = new Uint8Array(programValue.size);
    const view = new DataView(value.buffer);
    view.setUint32(programValue.goid, goid, true);
    view.setUint32(programValue.waitReason, waitReason, true);
    for (let i = 0; i < reasonCount; i++)
      value[programValue.classes + i] = spentClasses.indexOf(classOf(layout.waitReasons[i] ?? ""));
    return { sites, value, reasons: layout.waitReasons };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return error.message;
  }
}

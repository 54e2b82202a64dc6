import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  attachRawTracepoint,
  type LoadedObject,
  objectIds,
  openSession,
  RingBufferReader,
  readObject,
} from "@go3s/bpf";
import { costOf, pause } from "./measure/processes.js";
import { mebibytes, printTable, thousands } from "./measure/table.js";
import { ringObject } from "./ringbuf-object.js";

interface State {
  readonly descriptors: number;
  readonly mappings: number;
  readonly mappedBytes: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** leaks loads an object, attaches it, reads its ring buffer and closes it again and again, and shows what grows. */
export async function leaks(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { times: { type: "string", default: "10000" } } });
  const times = Number(values.times);
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const spec = readObject(ringObject());
  const programs = new Set<number>();
  const maps = new Set<number>();
  const links = 2;

  const once = async (): Promise<void> => {
    using session = openSession({
      object: spec,
      mapSizes: { events: 1 << 20 },
      attach: [
        (object: LoadedObject) =>
          Array.from({ length: links }, () =>
            attachRawTracepoint(object.program("rarely"), { name: "mark_victim" }),
          ),
      ],
    });
    for (const program of session.object.programs.values()) programs.add(program.info().id);
    for (const map of session.object.maps.values()) maps.add(map.info().id);
    const asleep = session.object.variable("asleep");
    const reader = session.own(new RingBufferReader(session.object.map("events"), () => {}));
    reader.start({ asleep });
    await new Promise(setImmediate);
  };
  const look = async (): Promise<State> => {
    // Node lets go of what was collected in its loop's next turns.
    for (let i = 0; i < 5; i++) {
      collect();
      await new Promise(setImmediate);
    }
    const status = readFileSync("/proc/self/status", "utf8");
    return {
      descriptors: readdirSync("/proc/self/fd").length,
      mappings: readFileSync("/proc/self/maps", "utf8").split("\n").length,
      mappedBytes: Number(/VmSize:\s+(\d+)/.exec(status)?.[1]) * 1024,
      rssBytes: costOf(process.pid).rssBytes,
      heapBytes: process.memoryUsage().heapUsed,
    };
  };
  const rows: string[][] = [];
  for (let done = 0; done <= times; done++) {
    if (done % Math.ceil(times / 10) === 0) {
      const state = await look();
      rows.push([
        thousands(done),
        String(state.descriptors),
        String(state.mappings),
        mebibytes(state.mappedBytes),
        (state.rssBytes / 1048576).toFixed(1),
        (state.heapBytes / 1048576).toFixed(1),
      ]);
    }
    if (done < times) await once();
  }
  await pause(2000);
  printTable(["times", "descriptors", "mappings", "mapped", "RSS MiB", "heap MiB"], rows);
  const still = (["program", "map"] as const).map((kind) => {
    const mine = kind === "program" ? programs : maps;
    return objectIds(kind).filter((id) => mine.has(id)).length;
  });
  console.log(
    `\nof ${thousands(programs.size)} programs and ${thousands(maps.size)} maps the kernel still has ${still[0]} and ${still[1]}`,
  );
}

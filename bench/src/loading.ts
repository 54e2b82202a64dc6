import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildEbpfGo } from "./load/ebpf-go.js";
import { largeObject } from "./load/large-object.js";
import { BpfTimer } from "./measure/bpf-time.js";
import { median } from "./measure/processes.js";
import { printTable } from "./measure/table.js";

interface Load {
  readonly ns: number;
  readonly kernelNs: number;
  readonly calls: number;
  readonly programs: number;
  readonly maps: number;
}

/** Loader is a program that loads the object when it is told to. */
interface Loader {
  readonly name: string;
  readonly command: readonly string[];
  /** A process's first load, and its later ones. */
  readonly first: Load[];
  readonly later: Load[];
}

/** loading loads one large object by our loader and by ebpf-go's, in turn, and takes the kernel's own time off. */
export async function loading(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      loads: { type: "string", default: "6" },
      programs: { type: "string", default: "30" },
      maps: { type: "string", default: "20" },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "go3s-loading-"));
  const timer = new BpfTimer();
  try {
    const object = largeObject(Number(values.programs), Number(values.maps));
    const path = join(folder, "large.o");
    writeFileSync(path, object.bytes);
    const ours = fileURLToPath(new URL("load/object-loader.js", import.meta.url));
    const loaders: Loader[] = [
      { name: "Go3s", command: [process.execPath, ours, path], first: [], later: [] },
    ];
    const peer = buildEbpfGo(folder);
    if ("program" in peer)
      loaders.push({ name: `ebpf-go ${peer.version}`, command: [peer.program, path], first: [], later: [] });
    else console.log(`ebpf-go is not measured: ${peer.missing}\n`);
    for (let round = 0; round < Number(values.rounds); round++)
      for (const loader of loaders) await runLoader(loader, timer, Number(values.loads));
    const [one] = loaders[0]?.first ?? [];
    console.log(
      `${one?.programs} programs, ${one?.maps} maps, ${object.bytes.length} bytes of object; medians of ${values.rounds} processes\n`,
    );
    printTable(
      ["ms", "whole", "in bpf(2)", "beyond it", "least", "most", "calls"],
      loaders.flatMap(({ name, first, later }) => [
        cells(`${name}, a process's first load`, first),
        cells(`${name}, later ones`, later),
      ]),
    );
  } finally {
    timer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runLoader(loader: Loader, timer: BpfTimer, loads: number): Promise<void> {
  const [command = "", ...args] = loader.command;
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  for (let i = 0; i < loads; i++) {
    timer.watch(child.pid ?? 0);
    child.stdin.write("load\n");
    const line = await lines.next();
    if (line.done) throw new Error(`${loader.name} ended before it was done`);
    const { ns: kernelNs, calls } = timer.read();
    const told: Pick<Load, "ns" | "programs" | "maps"> = JSON.parse(line.value);
    (i === 0 ? loader.first : loader.later).push({ ...told, kernelNs, calls });
  }
  child.stdin.end();
  await ended;
}

function cells(name: string, loads: readonly Load[]): string[] {
  const ms = (value: number): string => (value / 1e6).toFixed(1);
  const beyond = loads.map(({ ns, kernelNs }) => ns - kernelNs);
  return [
    name,
    ms(median(loads.map(({ ns }) => ns))),
    ms(median(loads.map(({ kernelNs }) => kernelNs))),
    ms(median(beyond)),
    ms(Math.min(...beyond)),
    ms(Math.max(...beyond)),
    String(median(loads.map(({ calls }) => calls))),
  ];
}

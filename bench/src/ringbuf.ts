import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bindingsOf, loadObject, readObject } from "@go3s/bpf";
import { buildWithEbpfGo } from "./load/ebpf-go.js";
import { median, pause } from "./measure/processes.js";
import { printTable } from "./measure/table.js";
import { goReader } from "./ringbuf-go.js";
import { ringObject } from "./ringbuf-object.js";

interface Peer {
  readonly name: string;
  readonly command: readonly string[];
}

interface Answer {
  readonly records: number;
  readonly cpuNs: number;
  readonly dropped: number;
  readonly median: number;
  readonly p99: number;
}

interface Production {
  readonly runs: number;
  readonly perSecond: number;
  readonly nsPerRun: number;
}

interface Live extends Answer {
  readonly production: Production;
  readonly seconds: number;
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** ringbuf compares our ring buffer reader with ebpf-go's: drained, live, idle, and how soon an event is there. */
export async function ringbuf(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      rate: { type: "string", default: "5000000" },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "go3s-ringbuf-"));
  try {
    const object = join(folder, "rings.o");
    writeFileSync(object, ringObject());
    const ours = [process.execPath, script("ringbuf-reader.js"), object];
    const peers: Peer[] = [{ name: "Go3s", command: [...ours, makeBindings(folder, object)] }];
    const untold: Peer = { name: "Go3s", command: [...ours, "none"] };
    const go = buildWithEbpfGo(folder, "reader", goReader);
    if ("program" in go) peers.push({ name: `ebpf-go ${go.version}`, command: [go.program, object] });
    else console.log(`ebpf-go is not measured: ${go.missing}\n`);
    const rounds = Number(values.rounds);
    const live = (peer: Peer, mode: string): Promise<Live> =>
      runLive(peer, mode, Number(values.rate), Number(values.seconds));
    const show = (title: string, rows: readonly (readonly string[])[]): void => {
      printTable([title, ...peers.map(({ name }) => name)], rows);
      console.log("");
    };
    console.log(`events of 96 bytes, every field read; medians of ${rounds} rounds, readers in turn\n`);

    const drained = await inTurn(peers, rounds, (peer) => Promise.resolve(runDrain(peer)));
    const atRunTime = await inTurn([untold], rounds, (peer) => Promise.resolve(runDrain(peer)));
    const rate = (one: Answer): number => (one.records / one.cpuNs) * 1e3;
    show("drained, M per CPU-second", [
      ["every field read", ...cells(drained, rate, 1)],
      ["the same by views made at run time", ...cells(atRunTime, rate, 1)],
    ]);
    const bare = bareRunNs(object);
    const quiet = await inTurn(peers, rounds, (peer) => live(peer, "quiet"));
    show("live, woken only from sleep, a look every 5 ms at most", liveRows(quiet, bare));
    const waking = await inTurn(peers, rounds, (peer) => live(peer, "waking"));
    show("live, the kernel wakes when all was read", liveRows(waking, bare));
    const late = await inTurn(peers, 1, (peer) => runLive(peer, "latency", 16, 6));
    show("an event when idle is there after, us", [
      ["median", ...cells(late, (one) => one.median / 1e3, 0)],
      ["99 of 100", ...cells(late, (one) => one.p99 / 1e3, 0)],
    ]);
    const idle = await Promise.all(peers.map(runIdle));
    show("100 links and a reader, nothing comes", [
      ["% of a processor", ...idle.map((share) => (share * 100).toFixed(3))],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** makeBindings writes the object's bindings as a user has them, compiled, and gives their place. */
function makeBindings(folder: string, object: string): string {
  const text = bindingsOf(readObject(readFileSync(object)), {
    language: "ts",
    source: "./rings.o",
    types: ["Event"],
  });
  const path = join(folder, "rings.ts");
  writeFileSync(path, text.replace('"@go3s/bpf"', JSON.stringify(import.meta.resolve("@go3s/bpf"))));
  const tsc = script("../../node_modules/typescript/bin/tsc");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  execFileSync(process.execPath, [tsc, path, "--noCheck", "--target", "es2024", "--module", "nodenext"], {
    cwd: folder,
  });
  return join(folder, "rings.js");
}

/** bareRunNs is what a run by request costs when the program does nothing. */
function bareRunNs(object: string): number {
  using loaded = loadObject(readObject(readFileSync(object)), { programs: ["nothing"] });
  const run = { data: new Uint8Array(64), repeat: 1_000_000 };
  const nothing = loaded.program("nothing");
  return median(Array.from({ length: 5 }, () => nothing.testRun(run).durationNs));
}

function liveRows(runs: readonly (readonly Live[])[], bare: number): string[][] {
  const lost = ({ production, records }: Live): number => 1e6 * (1 - records / production.runs);
  return [
    ["offered, M/s", ...cells(runs, ({ production }) => production.perSecond / 1e6, 2)],
    ["lost of a million", ...cells(runs, lost, 1)],
    ["reader, % of a processor", ...cells(runs, (one) => one.cpuNs / 1e7 / one.seconds, 1)],
    ["a record costs its program, ns", ...cells(runs, ({ production }) => production.nsPerRun - bare, 0)],
  ];
}

function cells<T>(runs: readonly (readonly T[])[], pick: (one: T) => number, digits: number): string[] {
  return runs.map((list) => median(list.map(pick)).toFixed(digits));
}

/** inTurn runs all peers once, and again, so that all see the same of what else the machine does. */
async function inTurn<T>(
  peers: readonly Peer[],
  rounds: number,
  run: (peer: Peer) => Promise<T>,
): Promise<T[][]> {
  const results: T[][] = peers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, peer] of peers.entries()) results[index]?.push(await run(peer));
  }
  return results;
}

function runDrain({ command }: Peer): Answer {
  const [program = "", ...args] = command;
  return JSON.parse(execFileSync(program, [...args, "drain", "20"], { encoding: "utf8", timeout: 60_000 }));
}

async function startReader({ command }: Peer, mode: string) {
  const [program = "", ...args] = command;
  const child = spawn(program, [...args, mode], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the reader ended (${mode})`);
    return value;
  };
  const { program: id }: { program: number } = JSON.parse(await next());
  return {
    id,
    pid: child.pid ?? 0,
    begin: () => child.stdin.write("begin\n"),
    async end(): Promise<Answer> {
      child.stdin.write("end\n");
      const answer: Answer = JSON.parse(await next());
      child.stdin.end();
      await ended;
      return answer;
    },
  };
}

async function runLive(peer: Peer, mode: string, rate: number, seconds: number): Promise<Live> {
  const reader = await startReader(peer, mode);
  reader.begin();
  const producer = spawn(
    process.execPath,
    [script("ringbuf-producer.js"), String(reader.id), String(rate), String(seconds)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  producer.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(producer, "close");
  const production: Production = JSON.parse(text);
  await pause(50);
  return { ...(await reader.end()), production, seconds: production.runs / production.perSecond };
}

/** runIdle gives the share of a processor that a reader with 100 links takes while nothing comes. */
async function runIdle(peer: Peer): Promise<number> {
  const reader = await startReader(peer, "idle");
  // What the start leaves to do, such as collecting garbage, is over after that.
  await pause(30_000);
  const before = runNs(reader.pid);
  const seconds = 8;
  await pause(seconds * 1000);
  const share = (runNs(reader.pid) - before) / (seconds * 1e9);
  reader.begin();
  await reader.end();
  return share;
}

/** runNs adds up what all threads of a process have run, in nanoseconds. */
function runNs(pid: number): number {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).reduce(
    (sum, thread) => sum + Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]),
    0,
  );
}

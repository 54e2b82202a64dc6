import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import {
  attachBySection,
  type Descriptor,
  enableStatistics,
  kernelBtf,
  loadObject,
  openById,
  programInfo,
  RingBufferReader,
  readObject,
} from "@go3s/bpf";
import { compileScript, renderDiagnostics } from "@go3s/lang";
import { geometricMean } from "../measure/statistics.js";
import { printTable } from "../measure/table.js";
import { tracepointFormat } from "./clang.js";

/** scripts are one-liners as people type them. */
const scripts: readonly { readonly shows: string; readonly text: string }[] = [
  { shows: "count by comm", text: "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }" },
  {
    shows: "openat with name",
    text: 'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args->filename)); }',
  },
  {
    shows: "latency histogram",
    text: "tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; } tracepoint:raw_syscalls:sys_exit /@start[tid]/ { @ns[comm] = hist(nsecs - @start[tid]); delete(@start[tid]); }",
  },
  {
    shows: "sum by pid",
    text: "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @bytes[pid] = sum(args->ret); }",
  },
  { shows: "stacks", text: "tracepoint:sched:sched_switch { @[kstack] = count(); }" },
  { shows: "tuple key", text: "tracepoint:raw_syscalls:sys_enter { @[pid, comm, args->id] = count(); }" },
  {
    shows: "linear histogram",
    text: "tracepoint:syscalls:sys_exit_read { @ = lhist(args->ret, 0, 2000, 200); }",
  },
  {
    shows: "filter by comm",
    text: 'tracepoint:syscalls:sys_enter_write /comm == "node"/ { @[args->fd] = count(); }',
  },
  {
    shows: "average and most",
    text: "tracepoint:syscalls:sys_exit_write { @average = avg(args->ret); @most = max(args->ret); @least = min(args->ret); }",
  },
  {
    shows: "branch and printf",
    text: 'tracepoint:syscalls:sys_enter_kill { if (args->sig == 9) { printf("%d kills %d\\n", pid, args->pid); } else { @[args->sig] = count(); } }',
  },
  { shows: "samples", text: "profile:hz:99 { @[ustack, comm] = count(); }" },
  {
    shows: "bytes per device",
    text: "tracepoint:block:block_rq_issue { @[args->dev] = sum(args->bytes); @size = hist(args->bytes); }",
  },
];

/** Cost is what one side's programs of a script are and take. */
interface Cost {
  /** length is the instructions of all programs as the verifier left them. */
  readonly length: number;
  /** verified is how many instructions the verifier walked through. */
  readonly verified: number;
  /** ns is the time of all programs together for one event of each. */
  readonly ns: number;
}

interface Row {
  readonly shows: string;
  readonly ours: Cost;
  readonly theirs: Cost;
}

/** costOf asks the kernel about loaded programs. */
function costOf(fds: readonly number[]): Cost {
  const infos = fds.map(programInfo);
  const sum = (of: (info: (typeof infos)[number]) => number): number =>
    infos.reduce((all, each) => all + of(each), 0);
  return {
    length: sum((info) => info.translatedInstructions),
    verified: sum((info) => info.verifiedInstructions),
    ns: sum((info) => (info.runCount > 0n ? Number(info.runTimeNs) / Number(info.runCount) : Number.NaN)),
  };
}

/** rounds of the load below; each makes a few events of every script but the last two. */
const rounds = 4000;

/** load calls the system in the ways that the scripts look at. `rest` is called from time to time. */
function load(rest: () => void): void {
  const [zero, nothing] = [openSync("/dev/zero", "r"), openSync("/dev/null", "w")];
  const bytes = new Uint8Array(512);
  for (let i = 0; i < rounds; i++) {
    fstatSync(zero);
    readSync(zero, bytes, 0, 1 + (i & 511), null);
    writeSync(nothing, bytes, 0, 1 + (i & 511));
    closeSync(openSync("/dev/null", "r"));
    process.kill(process.pid, 0);
    if (i % 64 === 0) rest();
  }
  closeSync(zero);
  closeSync(nothing);
}

/** programIds reads which BPF programs a process holds. */
function programIds(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    try {
      const id = /^prog_id:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
      return id === undefined ? [] : [Number(id)];
    } catch {
      return [];
    }
  });
}

/** attached waits until bpftrace has loaded all it will: the number of its programs stays the same for a while. */
async function attached(child: ChildProcess): Promise<number[]> {
  let ids: number[] = [];
  let steady = 0;
  for (let i = 0; i < 200 && steady < 5 && child.exitCode === null; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = [...new Set(programIds(child.pid ?? 0))];
    steady = now.length > 0 && now.length === ids.length ? steady + 1 : 0;
    ids = now;
  }
  return ids;
}

async function theirCost(text: string): Promise<Cost> {
  const child = spawn("bpftrace", ["-e", text], { stdio: "ignore" });
  const gone = once(child, "exit");
  const fds: Descriptor[] = [];
  try {
    const ids = await attached(child);
    if (ids.length === 0) throw new Error(`bpftrace loads no program for: ${text}`);
    for (const id of ids) fds.push(openById("program", id));
    load(() => {});
    return costOf(fds.map((fd) => fd.number));
  } finally {
    for (const fd of fds) fd.close();
    child.kill("SIGKILL");
    await gone;
  }
}

/** ourCost is the same for the object that Go3s makes of it. */
function ourCost(text: string): Cost {
  const result = compileScript({ name: "one-liner", text }, { kernelBtf: kernelBtf(), tracepointFormat });
  if (result.object === undefined || result.script === undefined) throw new Error(renderDiagnostics(result));
  const object = loadObject(readObject(result.object));
  const ring = new RingBufferReader(object.map(result.script.ring), () => {});
  const attachable = result.programs.filter(({ section }) => !section.startsWith("perf_event"));
  const links = attachable.map(({ name }) => attachBySection(object, name));
  try {
    load(() => void ring.drain());
    return costOf(result.programs.map(({ name }) => object.program(name).fd));
  } finally {
    for (const link of links) link.close();
    ring.close();
    object.close();
  }
}

const figures = ["length", "verified", "ns"] as const;

/** againstBpftrace compares the code of one-liners with that of the bpftrace that is installed. */
export async function againstBpftrace(json: boolean): Promise<void> {
  const version = execFileSync("bpftrace", ["--version"], { encoding: "utf8" }).trim();
  const rows: Row[] = [];
  const statistics = enableStatistics();
  try {
    for (const { shows, text } of scripts)
      rows.push({ shows, ours: ourCost(text), theirs: await theirCost(text) });
  } finally {
    statistics.close();
  }
  const ratios = (figure: (typeof figures)[number]): number[] =>
    rows.map(({ ours, theirs }) => ours[figure] / theirs[figure]).filter((ratio) => Number.isFinite(ratio));
  const means = Object.fromEntries(figures.map((figure) => [figure, geometricMean(ratios(figure))]));
  if (json) {
    console.log(JSON.stringify({ bpftrace: version, rows, means }, undefined, 2));
    return;
  }
  console.log(
    `Go3s / ${version}: all programs of a one-liner; ns a run, the kernel's 20 ns of timing included\n`,
  );
  const cell = (a: number, b: number): string[] =>
    Number.isFinite(a / b) ? [`${Math.round(a)}/${Math.round(b)}`, (a / b).toFixed(2)] : ["", "-"];
  printTable(
    ["one-liner", ...figures.flatMap((figure) => [figure, ""])],
    rows.map(({ shows, ours, theirs }) => [
      shows,
      ...figures.flatMap((figure) => cell(ours[figure], theirs[figure])),
    ]),
  );
  console.log("");
  printTable(
    ["geometric mean", "mean", "worst"],
    figures.map((figure) => [
      figure,
      geometricMean(ratios(figure)).toFixed(3),
      Math.max(...ratios(figure)).toFixed(2),
    ]),
  );
}

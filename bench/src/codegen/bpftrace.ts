import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { kernelBtf, loadObject, readObject } from "@go3s/bpf";
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

interface Row {
  readonly shows: string;
  readonly ours: number;
  readonly theirs: number;
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

/** theirLength is the length of all programs that bpftrace loads for a script, as the verifier left them. */
async function theirLength(text: string): Promise<number> {
  const child = spawn("bpftrace", ["-e", text], { stdio: "ignore" });
  const gone = once(child, "exit");
  try {
    const ids = await attached(child);
    if (ids.length === 0) throw new Error(`bpftrace loads no program for: ${text}`);
    return ids.reduce((sum, id) => {
      const shown = execFileSync("bpftool", ["prog", "show", "id", String(id), "--json"], {
        encoding: "utf8",
      });
      const { bytes_xlated: bytes }: { bytes_xlated: number } = JSON.parse(shown);
      return sum + bytes / 8;
    }, 0);
  } finally {
    child.kill("SIGKILL");
    await gone;
  }
}

/** ourLength is the same for the object that Go3s makes of it. */
function ourLength(text: string): number {
  const result = compileScript({ name: "one-liner", text }, { kernelBtf: kernelBtf(), tracepointFormat });
  if (result.object === undefined) throw new Error(renderDiagnostics(result));
  const object = loadObject(readObject(result.object));
  try {
    const lengths = result.programs.map(({ name }) => object.program(name).info().translatedInstructions);
    return lengths.reduce((a, b) => a + b, 0);
  } finally {
    object.close();
  }
}

/** againstBpftrace compares the code of one-liners with that of the bpftrace that is installed. */
export async function againstBpftrace(json: boolean): Promise<void> {
  const version = execFileSync("bpftrace", ["--version"], { encoding: "utf8" }).trim();
  const rows: Row[] = [];
  for (const { shows, text } of scripts)
    rows.push({ shows, ours: ourLength(text), theirs: await theirLength(text) });
  const ratios = rows.map(({ ours, theirs }) => ours / theirs);
  const mean = geometricMean(ratios);
  if (json) {
    console.log(JSON.stringify({ bpftrace: version, rows, mean }, undefined, 2));
    return;
  }
  console.log(`instructions of all programs as the verifier leaves them: Go3s / ${version}\n`);
  printTable(
    ["one-liner", "Go3s", "bpftrace", "ratio"],
    rows.map(({ shows, ours, theirs }) => [shows, String(ours), String(theirs), (ours / theirs).toFixed(2)]),
  );
  console.log(`\ngeometric mean ${mean.toFixed(3)}, worst ${Math.max(...ratios).toFixed(2)}`);
}

// A process that runs a program by request at a rate. Arguments: the program's id, runs per second, seconds.
import { openById, Program, ProgramType } from "@go3s/bpf";

const [id = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
// Not XDP: to run such a program many times the kernel rewrites its dispatcher, 18 ms for each request.
const image = {
  name: "produce",
  type: ProgramType.BPF_PROG_TYPE_SCHED_CLS,
  instructions: new Uint8Array(0),
  license: "GPL",
};
using program = new Program(image, openById("program", id));
const data = new Uint8Array(64);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
// The first run in a process pays for compiling this.
const begin = process.hrtime.bigint();
let runs = 0;
let ns = 0;
for (;;) {
  const passed = Number(process.hrtime.bigint() - begin) / 1e9;
  const due = Math.min(Math.floor(passed * rate), rate * seconds) - runs;
  if (due > 0) {
    // Not more than 20 ms of it at once, however late this process comes: that would be another load.
    const repeat = Math.max(1, Math.min(due, Math.floor(rate / 50)));
    const { durationNs } = program.testRun({ data, repeat });
    runs += repeat;
    ns += durationNs * repeat;
  }
  if (runs >= rate * seconds) break;
  Atomics.wait(sleeper, 0, 0, rate < 1000 ? 1000 / rate : 1);
}
const took = Number(process.hrtime.bigint() - begin) / 1e9;
console.log(JSON.stringify({ runs, perSecond: runs / took, nsPerRun: ns / runs }));

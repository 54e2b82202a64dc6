// Makes up programs, runs them in the kernel and in an interpreter of the checked tree, and breaks programs and scripts.
//   nice -n 15 node scripts/fuzz-language.mjs --programs N --mutations N --scripts N --seed S
// One kind of work after the other, each from seed S on. Anything but agreement, a clear error or a program that loads is
// a finding; the first of each is printed, made small. What stands still for STUCK seconds is ended and is a finding too.
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const STUCK = 30;
const dist = new URL("../packages/lang/dist/testing/", import.meta.url).href;

async function work({ kind, from, to, progress }) {
  const { differential, isMistake } = await import(`${dist}differential.js`);
  const { newRandom } = await import(`${dist}random.js`);
  const { generate, generatedText } = await import(`${dist}generate/program.js`);
  const { shrink } = await import(`${dist}generate/piece.js`);
  const { judge, mutantOf } = await import(`${dist}mutation.js`);
  const { specimens } = await import(`${dist}specimens.js`);
  const counters = new Int32Array(progress);
  const all =
    kind === "programs" ? [] : specimens().filter(({ isScript }) => isScript === (kind === "scripts"));
  const known = new Set();
  const likeIt = (a, b) =>
    a.kind === b.kind && (a.kind === "different" || a.about.slice(0, 60) === b.about.slice(0, 60));
  for (let seed = from; seed < to; seed++) {
    Atomics.store(counters, 0, seed);
    const made = kind === "programs" ? generate(newRandom(seed)) : undefined;
    const mutant = made === undefined ? mutantOf(all, seed) : undefined;
    const verdict =
      made === undefined ? judge(mutant) : differential(generatedText(made), made.cpu, made.inputs);
    parentPort.postMessage({ verdict: verdict.kind });
    const isFinding = isMistake(verdict) || (mutant !== undefined && verdict.kind === "unsupported");
    const key = `${verdict.kind} ${verdict.about.slice(0, 200)}`;
    if (!isFinding || known.has(key)) continue;
    known.add(key);
    let { text } = mutant ?? { text: generatedText(made) };
    const end = performance.now() + 20_000;
    if (made !== undefined) {
      const fails = (each) =>
        Atomics.add(counters, 1, 1) >= 0 &&
        performance.now() < end &&
        likeIt(differential(each, made.cpu, made.inputs), verdict);
      text = shrink(made.program, fails);
    }
    parentPort.postMessage({
      finding: `${kind} seed ${seed}${made ? ` (${made.cpu})` : ""}: ${verdict.kind}: ${verdict.why.slice(0, 600)}\n${text}`,
    });
  }
}

/** run does one kind of work in a thread that can be ended when it stands still. */
async function run(kind, count, first) {
  const counts = {};
  const started = performance.now();
  let from = first;
  let findings = 0;
  const tell = (text) => process.stdout.write(`${text}\n`);
  const line = () => {
    const done = Object.values(counts).reduce((sum, each) => sum + each, 0);
    const rate = Math.round(done / ((performance.now() - started) / 1000));
    return `${kind}: ${done} of ${count} (${rate} a second) ${JSON.stringify(counts)}`;
  };
  while (from < first + count) {
    // The seed at hand, and how often it was tried.
    const progress = new SharedArrayBuffer(8);
    const counters = new Int32Array(progress);
    Atomics.store(counters, 0, from);
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { kind, from, to: first + count, progress },
    });
    let [last, still, told] = ["", 0, 0];
    const watch = setInterval(() => {
      const now = `${Atomics.load(counters, 0)} ${Atomics.load(counters, 1)}`;
      still = now === last ? still + 1 : 0;
      last = now;
      if (still >= STUCK) worker.terminate();
      if (++told % 10 === 0) tell(line());
    }, 1000);
    worker.on("message", ({ verdict, finding }) => {
      if (verdict !== undefined) counts[verdict] = (counts[verdict] ?? 0) + 1;
      if (finding === undefined) return;
      findings++;
      tell(finding);
    });
    worker.on("error", (error) => tell(`${kind} seed ${Atomics.load(counters, 0)}: ${error.stack}`));
    const code = await new Promise((resolve) => worker.on("exit", resolve));
    clearInterval(watch);
    if (code === 0) break;
    findings++;
    const seed = Atomics.load(counters, 0);
    counts.stuck = (counts.stuck ?? 0) + 1;
    tell(`${kind} seed ${seed}: the work ended or stood still for ${STUCK} s`);
    from = seed + 1;
  }
  tell(line());
  return findings;
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      programs: { type: "string", default: "0" },
      mutations: { type: "string", default: "0" },
      scripts: { type: "string", default: "0" },
      seed: { type: "string", default: "1" },
    },
  });
  let findings = 0;
  for (const kind of ["programs", "mutations", "scripts"])
    if (Number(values[kind]) > 0) findings += await run(kind, Number(values[kind]), Number(values.seed));
  process.exitCode = findings > 0 ? 1 : 0;
} else await work(workerData);

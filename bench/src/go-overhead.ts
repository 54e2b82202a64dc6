import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { goServices } from "./load/go-services.js";
import { type Database, startDatabase } from "./load/postgresql.js";
import { startAgentAlone, type Watcher } from "./measure/agent-alone.js";
import { driverOf } from "./overhead/drive.js";
import type { Peer } from "./overhead/peer.js";
import { peersOf, preparePeer } from "./overhead/peers.js";
import { type Round, report, type Variant } from "./overhead/report.js";
import {
  type Bench,
  measure,
  measureInstrumented,
  measureUp,
  measureWatched,
  nobody,
} from "./overhead/round.js";

/**
 * goOverhead runs the same service at its maximum in turn: unobserved, observed by an agent whose spans nobody keeps, and under
 * `go3s up`, whose store and server take their share of the same processors.
 */
export async function goOverhead(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "6" },
      settle: { type: "string", default: "5" },
      asked: { type: "boolean", default: false },
      sample: { type: "string" },
      tls: { type: "boolean", default: false },
      http2: { type: "boolean", default: false },
      grpc: { type: "boolean", default: false },
      bigger: { type: "boolean", default: false },
      node: { type: "boolean", default: false },
      alone: { type: "boolean", default: false },
      again: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
    },
  });
  const asked = values.asked;
  const option = (["tls", "http2", "grpc", "bigger", "node"] as const).find((each) => values[each]) ?? "";
  const service = goServices.find((each) => each.option === option);
  if (service === undefined) throw new Error(`there is no service "${option}"`);
  const peers = values.peers ? peersOf(option) : [];
  const folder = mkdtempSync(join(tmpdir(), "go3s-overhead-"));
  const seconds = Number(values.seconds);
  let database: Database | undefined;
  try {
    const built =
      service.isScript === true ? script(folder, service.source) : build(folder, "things", service);
    database = service.hasDatabase === true ? await startDatabase() : undefined;
    const program = database === undefined ? built : ["env", `DATABASE=${database.source}`, ...built];
    if (service.post !== undefined) writeFileSync(join(folder, "post"), service.post);
    const drive = driverOf(service, join(folder, "post"));
    const { instrumented } = service;
    const withSdk = instrumented === undefined ? undefined : build(folder, "instrumented", instrumented);
    const bench: Bench = { service, drive, program, seconds, settle: Number(values.settle) };
    const variants = [
      variant("unobserved", () => measure(bench, undefined, false)),
      variant("go3s observe, spans kept by nobody", () => measureWatched(bench, startAgentAlone)),
      ...(values.alone ? [] : [variant("go3s up", () => measureUp(bench, asked))]),
      ...(values.again ? [variant("nobody, as if it observed", () => measureWatched(bench, nobody))] : []),
      ...sampledVariants(bench, values.sample),
      ...(withSdk === undefined ? [] : [instrumentedVariant({ ...bench, program: withSdk })]),
    ];
    for (const name of peers)
      variants.push(peerVariant(bench, await preparePeer(name, folder, built[0] ?? "")));
    for (let i = 0; i < Number(values.rounds); i++)
      for (const each of variants) each.rounds.push(await each.measure());
    const driver = service.post === undefined ? "wrk -t1 -c32" : "h2load -t1 -c4 -m8";
    const askedHow = asked ? "asked by SQL every second" : "nobody asks meanwhile (--asked: every second)";
    console.log(
      `\n${service.title}, 200-byte answers, ${driver}, ${values.rounds} rounds of ${seconds} s in turn; medians; ${askedHow}`,
    );
    report(variants);
  } finally {
    await database?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function variant(title: string, how: () => Promise<Round>, tellsSpans = true): Variant {
  return { title, tellsSpans, rounds: [], measure: how };
}

function sampledVariants(bench: Bench, sample: string | undefined): Variant[] {
  if (sample === undefined) return [];
  const start = (pid: number): Promise<Watcher> => startAgentAlone(pid, ["--sample", sample]);
  return [variant(`go3s observe --sample ${sample}`, () => measureWatched(bench, start))];
}

function instrumentedVariant(bench: Bench): Variant {
  return variant("otelhttp in the code", () => measureInstrumented(bench), false);
}

function peerVariant(bench: Bench, peer: Peer): Variant {
  return variant(peer.title, () => measureWatched(bench, peer.start));
}

/** build makes a Go program in a module of its own, and gives the command that runs it. */
function build(
  folder: string,
  name: string,
  { source, modules = [] }: { readonly source: string; readonly modules?: readonly string[] },
): string[] {
  const cwd = join(folder, `${name}-module`);
  mkdirSync(cwd);
  writeFileSync(join(cwd, "main.go"), source);
  writeFileSync(join(cwd, "go.mod"), "module things\n\ngo 1.24\n");
  if (modules.length > 0)
    execFileSync("go", ["get", ...modules], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  execFileSync("go", ["build", "-mod=mod", "-o", join(folder, name), "."], { cwd });
  return [join(folder, name)];
}

function script(folder: string, source: string): string[] {
  const file = join(folder, "things.mjs");
  writeFileSync(file, source);
  return [process.execPath, file];
}

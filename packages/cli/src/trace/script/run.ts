import { closeSync, existsSync, openSync, writeFileSync, writeSync } from "node:fs";
import type { LoadedObject } from "@go3s/bpf";
import {
  compileScript,
  defaultConfig,
  fromEnvironment,
  type ProbePlace,
  placeName,
  renderDiagnostics,
  renderScriptMessages,
  type Script,
  type ScriptExtension,
  type ScriptResult,
} from "@go3s/lang";
import { type Closing, newClosing } from "../../closing.js";
import type { Context } from "../../command.js";
import { environment } from "../../environment.js";
import { CliError, exitCodes } from "../../failure.js";
import { ended, prepareCommand } from "../ending.js";
import { attachScript, isByUs, runIterators, runKind, watchSignals } from "./attach-script.js";
import { runBenches } from "./bench.js";
import { openClocks } from "./clocks.js";
import { machineFacts } from "./facts.js";
import { readImport } from "./imports.js";
import { loadScript } from "./load-script.js";
import { scriptFacts } from "./machine.js";
import { type Manner, plainManner } from "./manner.js";
import { openPacketFiles } from "./packet-files.js";
import { type Records, readRecords } from "./records.js";
import { checkOptions } from "./script-options.js";
import { newScriptPrinter } from "./script-printer.js";
import { newReader } from "./shown.js";
import { openSymbols } from "./symbols.js";
import { runTests } from "./test-probes.js";

/** ScriptRun is a script in bpftrace's language and how it is to run. */
export interface ScriptRun {
  readonly name: string;
  readonly text: string;
  readonly parameters: readonly string[];
  readonly format: "text" | "json";
  /** output is a file to write to instead of stdout. */
  readonly output: string | undefined;
  readonly pid: number | undefined;
  readonly command: string | undefined;
  readonly duration: number | undefined;
  readonly debug: boolean;
  readonly verbose: boolean;
  readonly dryRun: boolean;
  /** named are the script's own options, for getopt(): NAME or NAME=VALUE. */
  readonly named?: readonly string[];
  /** variables are BPFTRACE_… settings. */
  readonly variables?: Readonly<Record<string, string>>;
  /** includes stand before the script: #include <FILE>. */
  readonly includes?: readonly string[];
  readonly includeFolders?: readonly string[];
  readonly manner?: Manner;
  /** extensions add predicates and kinds of probes. */
  readonly extensions?: readonly ScriptExtension[];
  /** live is called when all is attached; what it gives back is called before anything is detached. */
  readonly live?: (running: LiveScript) => () => void;
}

/** LiveScript is a script that runs, for who shows it meanwhile. */
export interface LiveScript {
  readonly object: LoadedObject;
  /** printMaps prints the maps as they stand; undefined where the script prints them itself. */
  readonly printMaps: (() => void) | undefined;
}

/** ScriptMistakes is a script that does not compile; its message is bpftrace's whole report. */
export class ScriptMistakes extends Error {
  override readonly name = "ScriptMistakes";
}

type Compiled = ScriptResult & { readonly object: Uint8Array; readonly script: Script };

/** ScriptText is what is compiled of a run, and how. */
export type ScriptText = Pick<ScriptRun, "name" | "text" | "parameters" | "pid" | "command" | "debug"> &
  Partial<ScriptRun>;

/** compileRun compiles a script for this machine. Throws CliError for wrong settings. */
export function compileRun(run: ScriptText, manner: Manner = plainManner): ScriptResult {
  const config = defaultConfig();
  const wrong = fromEnvironment(config, run.variables ?? {});
  if (wrong !== undefined) throw new CliError("usage", wrong);
  const facts = scriptFacts({
    pid: run.pid,
    hasCommand: run.command !== undefined,
    unsafe: manner.unsafe,
    debugFolders: manner.debugFolders,
    traceable: manner.traceable,
  });
  const result = compileScript(
    { name: run.name, text: run.text },
    {
      ...facts,
      extensions: run.extensions ?? [],
      mode: manner.mode,
      ...(manner.probeFilter === undefined ? {} : { probeFilter: filterOf(manner.probeFilter) }),
      parameters: run.parameters,
      config,
      fixed: Object.keys(run.variables ?? {}),
      readImport,
      unsafe: manner.unsafe,
      tellsErrors: manner.tellsErrors,
      facts: machineFacts(run.includeFolders),
      named: run.named ?? [],
      ...(run.debug ? { emit: ["asm"] } : {}),
    },
  );
  facts.close();
  return result;
}

function compiled(run: ScriptRun, manner: Manner, note: (text: string) => void): Compiled {
  const result = compileRun(run, manner);
  const text = manner.isBpftrace ? renderScriptMessages(result, manner.warnings) : renderDiagnostics(result);
  const { object, script } = result;
  if (script !== undefined) checkOptions(script.options, run.named ?? []);
  if (object !== undefined && script !== undefined) {
    if (text !== "") note(text);
    return { ...result, object, script };
  }
  if (manner.isBpftrace)
    throw new ScriptMistakes(result.isEmpty ? `${text}${text === "" ? "" : "\n"}No probes to attach` : text);
  if (result.isEmpty) throw new CliError("bad-program", `${run.name}: no probes to attach\n${text}`);
  const errors = result.diagnostics.filter((each) => each.severity === "error").length;
  throw new CliError("bad-program", `${errors} error${errors === 1 ? "" : "s"} in ${run.name}\n${text}`);
}

function filterOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw new CliError("usage", `Invalid --probe-filter regex: ${pattern}`);
  }
}

const probesOf = (script: Script): string[] => script.probes.flatMap((probe) => probe.places.map(placeName));

/** noticeWait is bpftrace's own wait for records, in milliseconds. */
const noticeWait = 100;

/** bufferLimit is what full buffering (-B full) holds back, as C's stdio does. */
const bufferLimit = 4096;

/** opened gives the function that writes output, in order and, but with -B full, at once. */
function opened(run: ScriptRun, context: Context, closing: Closing): (text: string) => void {
  const straight = openedAt(run, context, closing);
  if (run.manner?.buffering !== "full") return straight;
  let held = "";
  const flush = (): void => {
    if (held !== "") straight(held);
    held = "";
  };
  closing.defer(flush);
  return (text) => {
    held += text;
    if (held.length >= bufferLimit) flush();
  };
}

function openedAt(run: ScriptRun, context: Context, closing: Closing): (text: string) => void {
  if (run.output === undefined) return (text) => void context.output.bytes(Buffer.from(text));
  const file = openSync(run.output, "w");
  closing.defer(() => closeSync(file));
  return (text) => void writeSync(file, text);
}

/**
 * runScript runs a script until it calls exit(), its command ends, its time is over or a signal comes. Maps are printed
 * before the probes are detached: detaching takes the kernel 60 ms and more for each tracepoint.
 */
export async function runScript(run: ScriptRun, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const { manner = plainManner } = run;
  const { object: bytes, script, stages, programs, files } = compiled(run, manner, output.note);
  // Compiled is all that was asked for.
  if (manner.mode === "codegen") return exitCodes.done;
  if (manner.emitObject !== undefined) {
    writeFileSync(manner.emitObject, bytes);
    return exitCodes.done;
  }
  if (run.debug) {
    for (const name of probesOf(script)) output.line(`# ${name}`);
    output.line(stages.asm ?? "");
    return exitCodes.done;
  }
  const closing = newClosing();
  let exitCode: number = exitCodes.done;
  try {
    const write = opened(run, context, closing);
    const held: string[] = [];
    let isHeld = true;
    const printer = newScriptPrinter(
      run.format,
      (text) => {
        if (isHeld) held.push(text);
        else write(text);
      },
      output.note,
    );
    const clocks = openClocks();
    const child =
      run.command === undefined ? undefined : prepareCommand(run.command, closing, manner.isBpftrace);
    const { object, refused } = loadScript(bytes, script, {
      constants: { started: clocks.boot(), childPid: BigInt(child?.pid ?? 0) },
    });
    closing.defer(() => object.close());
    const symbols = openSymbols(
      script.stacks === undefined ? undefined : object.map(script.stacks),
      script.config,
    );
    closing.defer(() => symbols.close());
    let exited = false;
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const packets = openPacketFiles();
    closing.defer(() => packets.close());
    const records = readRecords(
      {
        script,
        files,
        object,
        reader: newReader(symbols, clocks, script.config.strTruncTrailer),
        printer,
        note: output.note,
        warnings: manner.warnings,
        clocks,
        packets,
      },
      (code) => {
        exited = true;
        exitCode = code;
        leave();
      },
    );
    closing.defer(() => records.close());
    const wanted = probesOf(script).length;
    // Scripts written for older versions look for this line, those for newer ones for "Attached".
    if (manner.isBpftrace && run.format === "text" && !manner.quiet)
      output.note(`Attaching ${wanted} probe${wanted === 1 ? "" : "s"}...`);
    if (!run.dryRun) runKind(object, script, "begin");
    records.drain();
    const drain = (): void => records.drain();
    const attachment = exited
      ? { iterators: [], refused: [] }
      : attachScript({ object, refused }, script, run.pid, closing, output.note);
    watchSignals(object, script, closing, drain);
    if (manner.isBpftrace) printOnSignal(script, records, closing);
    isHeld = false;
    const attached = wanted - attachment.refused.length;
    // bpftrace says it beside the output; in JSON it is part of it.
    if (manner.isBpftrace && run.format === "text") {
      if (!manner.quiet) output.note(`Attached ${attached} probe${attached === 1 ? "" : "s"}`);
    } else if (!manner.quiet) printer.attached(attached);
    // 0.17, whose scripts have BEGIN and END, says it beside the output; the newest in it.
    if (environment.notifiesAttached)
      (/\b(?:BEGIN|END)\b/.test(run.text) ? output.note : output.line)("__BPFTRACE_NOTIFY_PROBES_ATTACHED");
    for (const text of held) write(text);
    if (run.verbose) tell(script, programs, output.note);
    if (run.dryRun) return exitCodes.done;
    if (!exited) {
      const ending = child?.go();
      if (run.live !== undefined) {
        const prints = script.events.some(({ kind }) => kind === "print-map" || kind === "clear");
        closing.defer(
          run.live({
            object,
            printMaps: prints
              ? undefined
              : () => {
                  records.drain();
                  records.printMaps();
                },
          }),
        );
      }
      records.start();
      runIterators(attachment.iterators, drain);
      if (manner.mode === "bench") write(runBenches(object, script, run.format, drain));
      if (manner.mode === "test") {
        const { text, failed } = runTests(object, script, drain);
        write(text);
        if (failed > 0) exitCode = exitCodes.failed;
      }
      // Nothing more can come of a script that only begins and ends.
      const waits = script.probes.some(({ places }) => places.some(goesOn));
      if (run.pid !== undefined) watch(run.pid, closing, leave);
      if (waits || ending !== undefined)
        await ended(interrupted, run.duration, ending === undefined ? left : Promise.race([ending, left]));
      // Who waits for the notice may answer it by a signal: bpftrace looks for one for as long.
      else if (environment.notifiesAttached) await ended(interrupted, noticeWait, left);
    }
    await records.settled(interrupted);
    finish(object, script, records);
    await records.settled(interrupted);
    // Whoever reads only the output's file would miss the lines between.
    if (manner.warnings && records.lost() > 0)
      output.note(`WARNING: Total lost event count: ${records.lost()}`);
    printer.finished();
    if (script.config.printMapsOnExit && manner.mode !== "bench") records.printMaps();
    tellFull(object, script, output.note);
  } finally {
    await closing.all();
  }
  if (interrupted.reason === "SIGINT" && !manner.isBpftrace) return exitCodes.interrupted;
  return exitCode;
}

/** printOnSignal prints all maps when SIGUSR1 comes, as 0.17 does; a script's own self:signal:SIGUSR1 goes before. */
function printOnSignal(script: Script, records: Records, closing: Closing): void {
  if (script.probes.some(({ places }) => places.some(({ kind }) => kind === "self"))) return;
  const print = (): void => {
    records.drain();
    records.printMaps();
  };
  process.on("SIGUSR1", print);
  closing.defer(() => void process.off("SIGUSR1", print));
}

/** watch ends the run when the traced process is gone: nothing more would come. */
function watch(pid: number, closing: Closing, leave: () => void): void {
  const timer = setInterval(() => {
    if (!existsSync(`/proc/${pid}`)) leave();
  }, 100);
  closing.defer(() => clearInterval(timer));
}

/** goesOn tells whether a place may still run its program when all is attached. */
const goesOn = (place: ProbePlace): boolean =>
  place.kind === "self" || (!isByUs(place) && place.kind !== "iter");

function finish(object: LoadedObject, script: Script, records: Records & { again(): void }): void {
  records.drain();
  if (!script.probes.some((probe) => probe.places.some((place) => place.kind === "end"))) return;
  records.again();
  runKind(object, script, "end");
  records.drain();
}

function tell(script: Script, programs: Compiled["programs"], note: (text: string) => void): void {
  for (const { program, places } of script.probes) {
    const size = programs.find((each) => each.name === program)?.instructions ?? 0;
    for (const place of places) note(`${placeName(place)}: ${program}, ${size} instructions`);
  }
}

/** tellFull says which maps had no room for more keys: bpftrace leaves these out without a word. */
function tellFull(object: LoadedObject, script: Script, note: (text: string) => void): void {
  for (const { name, map, keys, entries } of script.maps) {
    if (keys.length === 0) continue;
    let count = 0;
    for (const _ of object.map(map).entries()) count++;
    if (count >= entries) note(`${name} is full: it holds ${entries} keys, others are missing`);
  }
}

import { listing } from "./emit/listing.js";
import { emitModule } from "./emit/module.js";
import { writeObject } from "./emit/object.js";
import type { InstructionSet } from "./emit/selection.js";
import { moduleText } from "./ir/print.js";
import { lowerModule } from "./lower/module.js";
import { loadPackages, type ReadPackage, type SourceText } from "./packages.js";
import { checkAvailability } from "./passes/availability.js";
import { checkResults } from "./passes/results.js";
import { proveRest } from "./prove.js";
import { type Diagnostic, newReporter, type Reporter, renderDiagnostic } from "./source/diagnostics.js";
import type { SourceFile } from "./source/file.js";
import type { File } from "./syntax/ast.js";
import { treeText } from "./syntax/print.js";
import { checkPackages, type PackageTree } from "./types/checker.js";
import { type KernelBtf, newKernelTypes, noKernelTypes } from "./types/kernel.js";
import type { Architecture } from "./types/registers.js";
import type { Checked } from "./types/symbols.js";
import { type FindUserType, newUserTypes } from "./types/user-types.js";

export type { SourceText } from "./packages.js";

/** CompileOptions are the facts of the target; nothing is read from the machine. */
export interface CompileOptions {
  /** cpu is the BPF instruction set; v3 (kernel 5.1) when left out. */
  readonly cpu?: InstructionSet;
  /** architecture is whose registers probes read; x86_64 when left out. */
  readonly architecture?: Architecture;
  /** kernelBtf answers for `vmlinux.…` types and BTF tracepoints. */
  readonly kernelBtf?: KernelBtf;
  /** tracepointFormat gives the text of a tracepoint's `format` file, or undefined when there is none. */
  readonly tracepointFormat?: (category: string, name: string) => string | undefined;
  /** userTypes finds types of the observed program by name: `DebugInfo.type` of @go3s/binary answers it. */
  readonly userTypes?: FindUserType;
  /** readPackage finds imported packages; without it only the compiler's own can be imported. */
  readonly readPackage?: ReadPackage;
  /** check verifies the SSA behind every pass: for tests of the compiler. */
  readonly check?: boolean;
  /** optimise is true when left out; without it only what is needed is done: for tests, which compare both. */
  readonly optimise?: boolean;
  /** emit asks for readable stages in the result. */
  readonly emit?: readonly ("ast" | "ssa" | "asm")[];
}

/** ProgramInfo is one program of a compiled object. */
export interface ProgramInfo {
  readonly name: string;
  readonly section: string;
  readonly kind: string;
  readonly target: string;
  readonly instructions: number;
  readonly stack: number;
}

/** RingEvents names the struct that a program puts into one of its ring buffers; the object's BTF describes it. */
export interface RingEvents {
  readonly map: string;
  readonly type: string;
}

/** CompileResult: the object is there when no diagnostic is an error. */
export interface CompileResult {
  readonly object: Uint8Array | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly programs: readonly ProgramInfo[];
  readonly events: readonly RingEvents[];
  /** notes tell what the compiler did that the source does not show: which values left the stack, and cost every run a claim. */
  readonly notes: readonly string[];
  readonly files: readonly SourceFile[];
  /** stages are the texts `emit` asked for. */
  readonly stages: { readonly ast?: string; readonly ssa?: string; readonly asm?: string };
}

type Stages = CompileResult["stages"];

interface Built {
  readonly object: Uint8Array;
  readonly programs: readonly ProgramInfo[];
  readonly events: readonly RingEvents[];
  readonly notes: readonly string[];
  readonly stages: Stages;
}

/** check parses and checks; the checked tree is worth lowering when there are no errors. */
function check(packages: readonly PackageTree[], report: Reporter, options: CompileOptions): Checked {
  const checked = checkPackages(packages, report, {
    kernel: options.kernelBtf === undefined ? noKernelTypes : newKernelTypes(options.kernelBtf),
    hasKernel: options.kernelBtf !== undefined,
    architecture: options.architecture ?? "x86_64",
    ...(options.tracepointFormat === undefined ? {} : { tracepointFormat: options.tracepointFormat }),
    ...(options.userTypes === undefined ? {} : { userTypes: newUserTypes(options.userTypes) }),
  });
  if (report.errors === 0 && checked.programs.length === 0) {
    report.error(
      "no-program",
      { start: 0, end: 0 },
      "no function here is a program",
      "put an attribute before one, e.g. // @tracepoint:sock:inet_sock_set_state",
    );
  }
  return checked;
}

function build(
  checked: Checked,
  files: readonly SourceFile[],
  report: Reporter,
  options: CompileOptions,
): Built | undefined {
  const set = options.cpu ?? "v3";
  const lowered = lowerModule(checked, report, {
    architecture: options.architecture ?? "x86_64",
    signedDivision: set === "v4",
  });
  for (const { name, code } of lowered.programs) {
    const program = checked.programs.find((each) => each.name === name);
    if (program === undefined) continue;
    const { kind, section } = program;
    checkResults(code, kind, report);
    checkAvailability(code, kind.family ?? kind.name, section, report);
  }
  const emitted = emitModule(checked, lowered, report, {
    set,
    check: options.check ?? false,
    optimise: options.optimise ?? true,
  });
  if (report.errors > 0) return undefined;
  const { programs, subprograms, scratchMaps, notes } = emitted;
  const maps = [...checked.maps, ...scratchMaps];
  const texts = [...lowered.texts.values()];
  const object = writeObject({ checked: { ...checked, maps }, files, programs, subprograms, texts });
  const infos = checked.programs.flatMap((program) => {
    const code = programs.find((each) => each.name === program.name)?.code;
    if (code === undefined) return [];
    const { name, section, kind, target: attachTo } = program;
    return [
      {
        name,
        section,
        kind: kind.name,
        target: attachTo,
        instructions: code.bytes.length / 8,
        stack: code.stack,
      },
    ];
  });
  const assembly = (): string =>
    [
      ...programs.map((each) => listing(`${each.name}: # ${each.section}`, each.code, files)),
      ...subprograms.map((each) => listing(`${each.source.name}: # .text`, each, files)),
    ].join("\n\n");
  return {
    object,
    programs: infos,
    events: eventsOf(checked),
    notes,
    stages: {
      ...(options.emit?.includes("ssa") === true ? { ssa: moduleText(lowered, files) } : {}),
      ...(options.emit?.includes("asm") === true ? { asm: assembly() } : {}),
    },
  };
}

/**
 * compile turns the files of one package into a BPF object. Wrong programs give diagnostics, several in one run and
 * sorted by place; it does not throw for anything a program contains.
 */
export function compile(sources: readonly SourceText[], options: CompileOptions = {}): CompileResult {
  const report = newReporter();
  const { packages, files } = loadPackages(sources, options.readPackage, report);
  return compilePackages(packages, files, report, options, true);
}

/** compileTrees goes on from parsed files; what their parser reported is in the reporter. */
export function compileTrees(
  trees: readonly File[],
  files: readonly SourceFile[],
  report: Reporter,
  options: CompileOptions,
): CompileResult {
  const tree = { name: trees[0]?.package ?? "main", files: trees, imports: new Map() };
  return compilePackages([tree], files, report, options, false);
}

const syntaxIds: ReadonlySet<string> = new Set(["syntax", "bad-character", "unterminated", "too-deep"]);

function compilePackages(
  packages: readonly PackageTree[],
  files: readonly SourceFile[],
  report: Reporter,
  options: CompileOptions,
  goesOn: boolean,
): CompileResult {
  const trees = packages.at(-1)?.files ?? [];
  const ast: Stages = options.emit?.includes("ast") === true ? { ast: trees.map(treeText).join("\n\n") } : {};
  let built: Built | undefined;
  try {
    // What follows from a mistake of syntax is no mistake of its own.
    const readable = !goesOn || !report.list().some((each) => syntaxIds.has(each.id));
    const checked = readable ? check(packages, report, options) : undefined;
    if (checked === undefined) built = undefined;
    else if (report.errors === 0) built = build(checked, files, report, options);
    else if (goesOn) proveRest(checked, report, options.architecture ?? "x86_64");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    report.error(
      "internal",
      { start: 0, end: 0 },
      `the compiler made a mistake: ${why}`,
      "please report the program that did it",
    );
  }
  const stages = { ...ast, ...built?.stages };
  if (built === undefined || report.errors > 0) {
    const nothing = { object: undefined, programs: [], events: [], notes: [] };
    return { ...nothing, diagnostics: report.list(), files, stages };
  }
  return { ...built, diagnostics: report.list(), files, stages };
}

function eventsOf(checked: Checked): RingEvents[] {
  return checked.maps.flatMap((map) => {
    const { row, value } = map.type;
    return row.family === "ring" && "name" in value ? [{ map: map.name, type: value.name }] : [];
  });
}

/** renderDiagnostics writes a result's diagnostics as text for people. */
export function renderDiagnostics(result: Pick<CompileResult, "files" | "diagnostics">): string {
  return result.diagnostics.map((each) => renderDiagnostic(result.files, each)).join("\n\n");
}

import type { CompileOptions, SourceText } from "../compile.js";
import { loadPackages } from "../packages.js";
import { newReporter } from "../source/diagnostics.js";
import type { Range, SourceFile } from "../source/file.js";
import type { File } from "../syntax/ast.js";
import { checkPackages } from "../types/checker.js";
import { type KernelTypes, newKernelTypes, noKernelTypes } from "../types/kernel.js";
import type { Checked } from "../types/symbols.js";

/** Analysis is what is known of a program while it is written: its trees and what the checker made of them. */
export interface Analysis {
  readonly files: readonly SourceFile[];
  readonly trees: readonly File[];
  readonly checked: Checked;
  readonly kernel: KernelTypes;
  readonly options: CompileOptions;
}

/** analyse parses and checks a program, wrong or not; nothing is made of it. */
export function analyse(sources: readonly SourceText[], options: CompileOptions): Analysis {
  const report = newReporter();
  const { packages, files } = loadPackages(sources, options.readPackage, report);
  const trees = packages.at(-1)?.files ?? [];
  const kernel = options.kernelBtf === undefined ? noKernelTypes : newKernelTypes(options.kernelBtf);
  const checked = checkPackages(packages, report, {
    kernel,
    hasKernel: options.kernelBtf !== undefined,
    architecture: options.architecture ?? "x86_64",
    ...(options.tracepointFormat === undefined ? {} : { tracepointFormat: options.tracepointFormat }),
  });
  return { files, trees, checked, kernel, options };
}

/** Spot is a place in one of a program's files: an offset in that file's text. */
export interface Spot {
  readonly file: string;
  readonly offset: number;
}

/** offsetOf gives a spot's offset over all files. */
export function offsetOf({ files }: Pick<Analysis, "files">, spot: Spot): number {
  return (files.find((each) => each.name === spot.file)?.base ?? 0) + spot.offset;
}

/** FileRange is a range in one file. */
export interface FileRange extends Range {
  readonly file: string;
}

/** fileRange says in which file a range over all files lies. */
export function fileRange(files: readonly SourceFile[], range: Range): FileRange | undefined {
  const file = files.find((each) => range.start >= each.base && range.start <= each.base + each.text.length);
  return file === undefined
    ? undefined
    : { file: file.name, start: range.start - file.base, end: range.end - file.base };
}

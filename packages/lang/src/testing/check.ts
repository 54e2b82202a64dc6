import { lex } from "../lex/lexer.js";
import { newReporter } from "../source/diagnostics.js";
import { openSources } from "../source/file.js";
import type { File } from "../syntax/ast.js";
import { parseFile } from "../syntax/parser.js";
import { checkPackage } from "../types/checker.js";
import { noKernelTypes } from "../types/kernel.js";
import type { Checked } from "../types/symbols.js";

/** checkText parses and checks a program that needs nothing of the kernel; undefined when it has errors. */
export function checkText(text: string): { tree: File; checked: Checked } | undefined {
  const report = newReporter();
  const [file] = openSources([{ name: "random.go3s", text }]);
  if (file === undefined) return undefined;
  const tree = parseFile(lex(file, report), report, { next: 1 });
  const options = { kernel: noKernelTypes, hasKernel: false, architecture: "x86_64" } as const;
  const checked = checkPackage([tree], report, options);
  return report.errors > 0 ? undefined : { tree, checked };
}

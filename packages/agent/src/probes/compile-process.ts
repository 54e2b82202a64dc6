// The process of compileApart(): sources as JSON on its standard input, the object on its standard output; or what is wrong
// with them on its standard error, and exit code 1.
import { readFileSync } from "node:fs";
import { kernelBtf } from "@go3s/bpf";
import { compile, renderDiagnostics, type SourceText } from "@go3s/lang";
import { tracepointFormat } from "./tracepoint-format.js";

const sources: SourceText[] = JSON.parse(readFileSync(0, "utf8"));
const result = compile(sources, { kernelBtf: kernelBtf(), tracepointFormat });
if (result.object === undefined) {
  process.stderr.write(renderDiagnostics(result));
  process.exitCode = 1;
} else process.stdout.write(result.object);

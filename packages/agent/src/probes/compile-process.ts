// The process of compileApart() and compileBeside(): sources as JSON on its standard input, the object on its standard output; or what is
// wrong with them on its standard error, and exit code 1.
import { readFileSync } from "node:fs";
import { kernelBtf } from "@go3s/bpf";
import { compile, renderDiagnostics, type SourceText } from "@go3s/lang";
import { tracepointFormat } from "./tracepoint-format.js";

// A signal to the whole group, a Ctrl-C or systemd's, is for who waits for this: it ends this one, or has what it began.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

const sources: SourceText[] = JSON.parse(readFileSync(0, "utf8"));
const result = compile(sources, { kernelBtf: kernelBtf(), tracepointFormat });
if (result.object === undefined) {
  process.stderr.write(renderDiagnostics(result));
  process.exitCode = 1;
} else process.stdout.write(result.object);

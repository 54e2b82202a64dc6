// Runs what people run in one process, so that the bundle's code cache holds the functions they need (scripts/bundle.mjs).
// What the caller's rights do not allow ends early: its functions are compiled in the first run that needs them.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const { load } = createRequire(import.meta.url)("../packages/cli/bin/go3s.js");
const { main } = load("go3s", true);
await main(["trace", "BEGIN { exit() }"]);
const openat = "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); } interval:ms:1 { exit(); }";
await main(["trace", openat]);
for (const program of [
  'tracepoint:syscalls:sys_enter_openat /pid > 1/ { printf("%d %s %s\\n", pid, comm, str(args.filename)); }',
  "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @bytes[comm] = hist(args.ret); @ = lhist(args.ret, 0, 9, 1); }",
  "profile:hz:99 { @[kstack(5), ustack, tid] = sum(1); @x = max(nsecs); }",
  "tracepoint:sched:sched_switch { $t = curtask; @[$t->real_parent->comm, probe] = count(); delete(@[comm, probe]); }",
])
  await main(["trace", "-d", program]);
const probes = fileURLToPath(new URL("../probes", import.meta.url));
const files = readdirSync(probes).filter((name) => name.endsWith(".go3s"));
const folder = mkdtempSync(join(tmpdir(), "go3s-warm-"));
await main(["build", ...files.map((name) => join(probes, name)), "-o", join(folder, "probes.o")]);
rmSync(folder, { recursive: true });
process.exitCode = 0;

import { type Commands, runCommandLine } from "./command-line.js";

/** commands maps a name to the module that runs it; modules load only when they are asked for (start-up time). */
const commands: Commands = {
  up: { summary: "server, agent and page on this machine", load: () => import("./commands/up.js") },
  observe: {
    summary: "attach to processes and show or send their spans",
    load: () => import("./commands/observe.js"),
  },
  trace: { summary: "run a probe program", load: () => import("./commands/trace.js") },
  bpftrace: { summary: "stand in bpftrace's place", load: () => import("./commands/bpftrace.js") },
  build: { summary: "compile a probe program to a BPF object", load: () => import("./commands/build.js") },
  lsp: { summary: "answer an editor: language server over stdio", load: () => import("./commands/lsp.js") },
  fmt: { summary: "lay out .go3s files as gofmt does", load: () => import("./commands/fmt.js") },
  load: { summary: "load, attach or pin any BPF object", load: () => import("./commands/load.js") },
  unload: { summary: "take away what load pinned", load: () => import("./commands/unload.js") },
  ps: { summary: "what Go3s holds in the kernel", load: () => import("./commands/ps.js") },
  query: { summary: "SQL over spans, logs and metrics", load: () => import("./commands/query.js") },
  tail: { summary: "follow spans or logs live", load: () => import("./commands/tail.js") },
  top: {
    summary: "services, operations and processes by cost, live",
    load: () => import("./commands/top.js"),
  },
  diagnose: {
    summary: "why a service is slow or fails",
    load: () => import("./commands/diagnose.js"),
  },
  sample: {
    summary: "which share of requests the agent tells, changed live",
    load: () => import("./commands/sample.js"),
  },
  doctor: { summary: "what this kernel and these rights allow", load: () => import("./commands/doctor.js") },
};

await runCommandLine(process.argv.slice(2), commands);

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ProbeCheck, ProbeExample, ProbeOutput, ProbeRun, ProbesAnswer } from "@go3s/server";
import { hostile } from "./seeded.js";

// Probes as the real server answers about them: a gallery, one run that goes on for ever, and whatever is typed compiles unless
// it says "wrong".

const readLatency =
  "tracepoint:syscalls:sys_enter_read {\n  @start[tid] = nsecs;\n}\n\ntracepoint:syscalls:sys_exit_read\n/@start[tid]/ {\n  @ns = hist(nsecs - @start[tid]);\n}\n";

/** probeExamples are the gallery's. */
const probeExamples: readonly ProbeExample[] = [
  {
    id: "opens",
    group: "one-liner",
    language: "script",
    title: "Files being opened",
    about: "Who opens what, as it happens.",
    text: 'tracepoint:syscalls:sys_enter_openat {\n  printf("%-16s %s\\n", comm, str(args.filename));\n}\n',
  },
  {
    id: "read-latency",
    group: "one-liner",
    language: "script",
    title: "How long reads take",
    about: "Nanoseconds from entry to return, as a histogram.",
    text: readLatency,
  },
  {
    id: "cookbook/files.go3s",
    group: "cookbook",
    language: "go3s",
    title: "files.go3s",
    about: "Files that are opened, as events in a ring buffer.",
    text: 'package files\n\nimport "bpf"\n\n// @tracepoint:syscalls:sys_enter_openat\nfunc onOpen(ctx *bpf.Tracepoint) int {\n\treturn 0\n}\n',
  },
  {
    id: "agent/http.go3s",
    group: "agent",
    language: "go3s",
    title: "http.go3s",
    about: "HTTP/1 as it goes through the sockets of watched processes.",
    text: "package observe\n",
  },
];

const runOf = (at: number): ProbeRun => ({
  id: "run-1",
  title: "How long reads take",
  language: "script",
  text: readLatency,
  pid: null,
  state: "running",
  started_ms: at - 4_000,
  ends_ms: at + 26_000,
  ended_ms: null,
  ended_by: "",
  attached: 2,
  costs: [
    { name: "read_enter", runs: 120_402, ns: 9_100_000 },
    { name: "read_exit", runs: 120_390, ns: 31_400_000 },
  ],
  cpu_share: 0.0093,
  told: 3,
  left_out: 0,
  failure: null,
});

const buckets = (scale: number) =>
  [1, 4, 18, 40, 22, 6, 1].map((count, i) => ({
    min: 2 ** (8 + i),
    max: 2 ** (9 + i),
    count: Math.round(count * scale),
  }));

const output: readonly ProbeOutput[] = [
  {
    kind: "map",
    name: "@ns",
    shape: "histogram",
    rows: [{ key: "", value: 9200, buckets: buckets(100) }],
    more: 0,
  },
  {
    kind: "map",
    name: "@by",
    shape: "histogram",
    rows: ["nginx", "postgres", hostile].map((key, i) => ({
      key,
      value: 92 * (i + 1),
      buckets: buckets(i + 1),
    })),
    more: 4,
  },
  {
    kind: "map",
    name: "@calls",
    shape: "values",
    rows: [
      { key: "schedule\ndo_nanosleep\nhrtimer_nanosleep, node", value: 90_112 },
      { key: "nginx", value: 31_004 },
      { key: hostile, value: 12 },
    ],
    more: 0,
  },
  {
    kind: "event",
    type: "Open",
    fields: { PID: 4711, Comm: "nginx", Path: "/etc/nginx/mime.types", Ret: 7 },
  },
  { kind: "event", type: "Open", fields: { PID: 12, Comm: hostile, Path: "/etc/passwd", Ret: -13 } },
  { kind: "text", text: "nginx            /etc/nginx/mime.types\n" },
  { kind: "text", text: `${hostile}\n` },
  { kind: "note", text: "3 records had no room in the ring buffer" },
];

function checkOf(text: string): ProbeCheck {
  const at = text.indexOf("wrong");
  if (at >= 0) {
    const line = text.slice(0, at).split("\n").length;
    return {
      ok: false,
      mistakes: [
        {
          severity: "error",
          code: "unknown-name",
          message: 'there is no "wrong"',
          hint: "did you mean args?",
          from: at,
          to: at + 5,
          line,
          column: at - text.lastIndexOf("\n", at - 1),
          story: [],
        },
      ],
      programs: [],
      took_ms: 3.2,
    };
  }
  const program = (name: string, place: string) => ({
    name,
    places: [place],
    instructions: 61,
    stack_bytes: 40,
    estimate_ns: 162,
  });
  return {
    ok: true,
    mistakes: [],
    programs: [
      program("read_enter", "tracepoint:syscalls:sys_enter_read"),
      program("read_exit", "tracepoint:syscalls:sys_exit_read"),
    ],
    took_ms: 11.4,
  };
}

/** answerProbes answers below /api/v1/probes. */
export function answerProbes(at: number, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const json = (value: unknown, status = 200): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  const path = url.pathname.slice("/api/v1/probes".length);
  if (path === "") {
    const answer: ProbesAnswer = { refused: "", examples: probeExamples, runs: [runOf(at)] };
    json(answer);
    return;
  }
  if (path === "/runs/run-1/stream") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(`event: begin\ndata: ${JSON.stringify(runOf(at))}\n\n`);
    response.write(`event: output\ndata: ${JSON.stringify(output)}\n\n`);
    return;
  }
  if (path === "/runs/run-1" && request.method === "DELETE") {
    json({ ...runOf(at), state: "ended", ended_ms: at });
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { text }: { text: string } = JSON.parse(Buffer.concat(chunks).toString());
    if (path === "/check") json(checkOf(text));
    else json(runOf(at), 201);
  });
}

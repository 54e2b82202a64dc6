import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLine } from "./parse-line.js";
import type { LogValue } from "./parsed-line.js";

// 2026-11-21 20:00:00 UTC
const now = Date.UTC(2026, 10, 21, 20);
const ns = (ms: number, rest = 0): bigint => BigInt(ms) * 1_000_000n + BigInt(rest);

interface Row {
  readonly what: string;
  readonly line: string;
  readonly format: string;
  readonly severity: number;
  readonly level: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, LogValue>>;
  readonly time?: bigint;
  readonly trace?: string;
  readonly span?: string;
}

const rows: readonly Row[] = [
  {
    what: "slog, JSON, nested groups",
    line: '{"time":"2026-11-21T20:00:00.123456789Z","level":"INFO","msg":"got","req":{"id":7,"user":{"name":"pear","ok":true}}}',
    format: "json",
    severity: 9,
    level: "INFO",
    message: "got",
    attributes: { "req.id": 7, "req.user.name": "pear", "req.user.ok": true },
    time: ns(now + 123, 456789),
  },
  {
    what: "slog, text, a level between, quoted values",
    line: 'time=2026-11-21T20:00:00.500Z level=WARN+2 msg="slow thing" took=1s path="/a \\"b\\"" n=3',
    format: "logfmt",
    severity: 15,
    level: "WARN+2",
    message: "slow thing",
    attributes: { took: "1s", path: '/a "b"', n: 3 },
    time: ns(now + 500),
  },
  {
    what: "zap, production",
    line: `{"level":"error","ts":${now / 1000}.25,"caller":"app/main.go:12","msg":"failed","error":"no such order","stacktrace":"main.main\\n\\t/app/main.go:12"}`,
    format: "json",
    severity: 17,
    level: "error",
    message: "failed",
    attributes: {
      caller: "app/main.go:12",
      error: "no such order",
      stacktrace: "main.main\n\t/app/main.go:12",
    },
    time: ns(now + 250),
  },
  {
    what: "zap, development",
    line: '2026-11-21T20:00:00.000Z\tDPANIC\tshop.cart\tapp/main.go:12\tnot good\t{"id": 3, "of": {"a": 1}}',
    format: "console",
    severity: 18,
    level: "DPANIC",
    message: "not good",
    attributes: { logger: "shop.cart", "code.location": "app/main.go:12", id: 3, "of.a": 1 },
    time: ns(now),
  },
  {
    what: "zerolog",
    line: `{"level":"warn","component":"db","time":${now / 1000},"message":"slow"}`,
    format: "json",
    severity: 13,
    level: "warn",
    message: "slow",
    attributes: { component: "db" },
    time: ns(now),
  },
  {
    what: "logrus, text",
    line: 'time="2026-11-21T20:00:00Z" level=fatal msg="gone" size=10',
    format: "logfmt",
    severity: 21,
    level: "fatal",
    message: "gone",
    attributes: { size: 10 },
    time: ns(now),
  },
  {
    what: "logrus, JSON, with its trace",
    line: '{"level":"info","msg":"x","time":"2026-11-21T20:00:00Z","trace_id":"0AF7651916CD43DD8448EB211C80319C","span_id":"b7ad6b7169203331"}',
    format: "json",
    severity: 9,
    level: "info",
    message: "x",
    attributes: {},
    time: ns(now),
    trace: "0af7651916cd43dd8448eb211c80319c",
    span: "b7ad6b7169203331",
  },
  {
    what: "pino",
    line: `{"level":50,"time":${now},"pid":1,"hostname":"h","err":{"type":"Error","stack":"Error: x\\n    at y"},"msg":"bad"}`,
    format: "json",
    severity: 17,
    level: "ERROR",
    message: "bad",
    attributes: { pid: 1, hostname: "h", "err.type": "Error", "err.stack": "Error: x\n    at y" },
    time: ns(now),
  },
  {
    what: "klog, structured",
    line: 'W1121 20:00:00.000001    4711 pod.go:42] "Pod status" pod="kube-system/x" ready=false',
    format: "klog",
    severity: 13,
    level: "WARN",
    message: "Pod status",
    attributes: { "code.location": "pod.go:42", pod: "kube-system/x", ready: false },
  },
  {
    what: "klog, text",
    line: "E1121 20:00:00.000001       1 main.go:7] it failed: a=b",
    format: "klog",
    severity: 17,
    level: "ERROR",
    message: "it failed: a=b",
    attributes: { "code.location": "main.go:7" },
  },
  {
    what: "Python's and Java's usual lines",
    line: "2026-11-21T20:00:00,250Z ERROR [main] c.a.Shop - no stock",
    format: "plain",
    severity: 17,
    level: "ERROR",
    message: "[main] c.a.Shop - no stock",
    attributes: {},
    time: ns(now + 250),
  },
  {
    what: "a level in brackets",
    line: "[warn] 3 left",
    format: "plain",
    severity: 13,
    level: "warn",
    message: "3 left",
    attributes: {},
  },
  {
    what: "a sentence that begins with such a word",
    line: "Error rates are fine",
    format: "plain",
    severity: 0,
    level: "",
    message: "Error rates are fine",
    attributes: {},
  },
  {
    what: "a panic",
    line: "panic: boom\n\ngoroutine 1 [running]:",
    format: "plain",
    severity: 21,
    level: "FATAL",
    message: "panic: boom\n\ngoroutine 1 [running]:",
    attributes: {},
  },
  {
    what: "pairs that are no log",
    line: "a=1 b=2",
    format: "plain",
    severity: 0,
    level: "",
    message: "a=1 b=2",
    attributes: {},
  },
];

for (const row of rows) {
  test(row.what, () => {
    const line = parseLine(row.line, now);
    assert.equal(line.format, row.format);
    assert.deepEqual(
      [line.severity, line.severityText, line.message],
      [row.severity, row.level, row.message],
    );
    assert.deepEqual(Object.fromEntries(line.attributes), row.attributes);
    if (row.time !== undefined) assert.equal(line.timeNs, row.time);
    assert.deepEqual([line.traceId, line.spanId], [row.trace ?? "", row.span ?? ""]);
  });
}

// Lines that real programs wrote, in the form that each has without being told another one.
const written: readonly (readonly [
  who: string,
  line: string,
  severity: number,
  message: string,
  at: string,
])[] = [
  ["nginx", "2026/11/21 19:47:32 [error] 7#8: *3 open() failed", 17, "7#8: *3 open() failed", "19:47:32"],
  [
    "Apache",
    "[Sat Nov 21 19:13:33.123456 2026] [mpm_event:notice] [pid 7:tid 7] AH00489: up",
    10,
    "[pid 7:tid 7] AH00489: up",
    "19:13:33.123456",
  ],
  ["PHP-FPM", "[21-Nov-2026 19:13:33] NOTICE: ready", 10, "ready", "19:13:33"],
  ["gunicorn", "[2026-11-21 19:28:54 +0000] [27] [INFO] Booting", 9, "[27] Booting", "19:28:54"],
  [
    "Python's logging with a name",
    "2026-11-21 19:00:00,250 - shop.api - ERROR - no stock",
    17,
    "shop.api - no stock",
    "19:00:00.25",
  ],
  [
    "logback",
    "19:15:33.955 [qtp-18] WARN shop.App -- few left",
    13,
    "[qtp-18] shop.App -- few left",
    "19:15:33.955",
  ],
  [
    "Spring Boot",
    "2026-11-21T19:15:33.955Z ERROR 12 --- [shop] [main] c.a.App : no",
    17,
    "12 --- [shop] [main] c.a.App : no",
    "19:15:33.955",
  ],
  ["Tomcat", "21-Nov-2026 19:15:33.955 SEVERE [main] o.a.C no", 17, "[main] o.a.C no", "19:15:33.955"],
  [
    "Ruby's Logger",
    "W, [2026-11-21T19:15:33.123456 #72]  WARN -- shop: few",
    13,
    "shop: few",
    "19:15:33.123456",
  ],
  [
    "PostgreSQL",
    "2026-11-21 19:00:00.123 UTC [12] ERROR:  no such column",
    17,
    "[12] no such column",
    "19:00:00.123",
  ],
  [
    "PostgreSQL's usual lines",
    "2026-11-21 19:00:00.123 UTC [12] LOG:  ready",
    9,
    "[12] ready",
    "19:00:00.123",
  ],
  ["MariaDB", "2026-11-21 19:27:01 0 [Note] ready", 9, "0 ready", "19:27:01"],
  ["Redis", "24:M 21 Nov 2026 19:27:01.123 # few", 13, "few", "19:27:01.123"],
  [
    "one without a level",
    "2026-11-21 19:27:01 something - else - happened",
    0,
    "something - else - happened",
    "19:27:01",
  ],
  [
    "one who begins a sentence with a word that others have for a level",
    "2026/11/21 19:27:01 log level is debug",
    0,
    "log level is debug",
    "19:27:01",
  ],
];

for (const [who, line, severity, message, at] of written) {
  test(`what ${who} writes has its level and its time`, () => {
    // Those without a zone are the machine's time.
    const zone = /Z |UTC|\+0000/.test(line) ? "Z" : "";
    const parsed = parseLine(line, Date.parse(`2026-11-21T20:00:00${zone}`));
    assert.deepEqual([parsed.severity, parsed.message], [severity, message]);
    const [whole = "", fraction = ""] = at.split(".");
    const base = BigInt(Date.parse(`2026-11-21T${whole}${zone}`)) * 1_000_000n;
    assert.equal(parsed.timeNs, base + BigInt(fraction.padEnd(9, "0")));
  });
}

test("a time of day is yesterday's where today's is still to come", () => {
  const { timeNs } = parseLine("23:59:59.5 [main] INFO shop", Date.parse("2026-11-21T00:00:02"));
  assert.equal(timeNs, BigInt(Date.parse("2026-11-20T23:59:59.5")) * 1_000_000n);
});

test("brackets within brackets by the thousand are a line like any other", () => {
  const line = `{"level":"info","msg":"deep","a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
  assert.equal(parseLine(line, now).message, line);
});

test("any text is a line, and nothing of a plain one gets lost", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'{}[]=":\\ \t\nIWE019azT.-') }),
    fc.json(),
  );
  fc.assert(
    fc.property(text, (line) => {
      const parsed = parseLine(line, now);
      assert.ok(parsed.severity >= 0 && parsed.severity <= 24);
      if (parsed.format === "plain" && parsed.severity === 0 && parsed.timeNs === undefined)
        assert.equal(parsed.message, line);
    }),
    { numRuns: 2000 },
  );
});

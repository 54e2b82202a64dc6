import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { withoutColours } from "./colours.js";
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
    what: "slog, JSON: a program's fields of the library's names, an id that no double holds",
    line: '{"time":"2026-11-21T20:00:00.5Z","level":"INFO","source":{"line":3},"msg":"mine","level":"gold","id":1234567890123456789,"msg":"other"}',
    format: "json",
    severity: 9,
    level: "INFO",
    message: "mine",
    attributes: { "source.line": 3, level: "gold", id: "1234567890123456789", msg: "other" },
    time: ns(now + 500),
  },
  {
    what: "slog, text: the same, names with spaces, what only looks like a number, Go's escapes",
    line: 'time=2026-11-21T20:00:00.500Z level=INFO msg=mine level=gold zip=00123 version=1.10 "a b.c=d"="x\\x01\\ny"',
    format: "logfmt",
    severity: 9,
    level: "INFO",
    message: "mine",
    attributes: { level: "gold", zip: "00123", version: "1.10", "a b.c=d": "x\u0001\ny" },
    time: ns(now + 500),
  },
  {
    what: "zerolog, JSON: a program's own message in front",
    line: `{"level":"info","message":"user's","time":${now}000000,"message":"mine"}`,
    format: "json",
    severity: 9,
    level: "info",
    message: "mine",
    attributes: { message: "user's" },
    time: ns(now),
  },
  {
    what: "Python's JSON with what JSON has not, and a space behind it",
    line: '{"asctime": "2026-11-21 20:00:00,250+0000", "levelname": "ERROR", "message": "m", "x": Infinity, "l": [1, {"b": "]"}]} ',
    format: "json",
    severity: 17,
    level: "ERROR",
    message: "m",
    attributes: { x: Number.POSITIVE_INFINITY, l: '[1, {"b": "]"}]' },
    time: ns(now + 250),
  },
  {
    what: "log4j's JsonLayout",
    line: `{\n  "instant" : {\n    "epochSecond" : ${now / 1000},\n    "nanoOfSecond" : 7\n  },\n  "level" : "WARN",\n  "message" : "m"\n}`,
    format: "json",
    severity: 13,
    level: "WARN",
    message: "m",
    attributes: {},
    time: ns(now, 7),
  },
  {
    what: "winston's levels",
    line: '{"level":"verbose","message":"m","timestamp":"2026-11-21T20:00:00.000Z"}',
    format: "json",
    severity: 6,
    level: "verbose",
    message: "m",
    attributes: {},
    time: ns(now),
  },
  {
    what: "PostgreSQL's JSON",
    line: '{"timestamp":"2026-11-21 20:00:00.001 UTC","pid":4,"error_severity":"FATAL","message":"no"}',
    format: "json",
    severity: 21,
    level: "FATAL",
    message: "no",
    attributes: { pid: 4 },
    time: ns(now + 1),
  },
  {
    what: "klog, a value of several lines",
    line: 'I1121 20:00:00.000001       1 main.go:7] "s" n=3 m=<\n\tl1\n\tl2\n > k="v"',
    format: "klog",
    severity: 9,
    level: "INFO",
    message: "s",
    attributes: { "code.location": "main.go:7", n: 3, m: "l1\nl2", k: "v" },
  },
  {
    what: "zap, development, with its trace below",
    line: "2026-11-21T20:00:00.000Z\tWARN\tapp/main.go:12\tno\nmain.main\n\t/app/main.go:12",
    format: "console",
    severity: 13,
    level: "WARN",
    message: "no",
    attributes: { "code.location": "app/main.go:12", stacktrace: "main.main\n\t/app/main.go:12" },
    time: ns(now),
  },
  {
    what: "Docker's json-file",
    line: '{"log":"{\\"level\\":\\"warn\\",\\"msg\\":\\"in\\"}\\n","stream":"stderr","time":"2026-11-21T20:00:00.000000001Z"}',
    format: "json",
    severity: 13,
    level: "warn",
    message: "in",
    attributes: { "log.iostream": "stderr" },
    time: ns(now, 1),
  },
  {
    what: "CRI's",
    line: "2026-11-21T20:00:00.000000001Z stdout F ERROR: in it",
    format: "plain",
    severity: 17,
    level: "ERROR",
    message: "in it",
    attributes: { "log.iostream": "stdout" },
    time: ns(now, 1),
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
  [
    "PostgreSQL in another zone",
    "2026-11-21 19:00:00.123 CET [12] LOG:  ready",
    9,
    "[12] ready",
    "19:00:00.123",
  ],
  [
    "zerolog's console with a whole time",
    "2026-11-21T19:00:00Z WRN few left a=b",
    13,
    "few left a=b",
    "19:00:00",
  ],
  [
    "Django's verbose format, the level first",
    "INFO 2026-11-21 19:00:00,104 views 12 hi",
    9,
    "views 12 hi",
    "19:00:00.104",
  ],
  ["Airflow", "[2026-11-21 19:00:00,104] {a.py:15} INFO - hi", 9, "{a.py:15} hi", "19:00:00.104"],
  [
    "Go's log with a prefix",
    "shop: 2026/11/21 19:00:00.104 main.go:3: hi",
    0,
    "shop: main.go:3: hi",
    "19:00:00.104",
  ],
  ["gin", "[GIN] 2026/11/21 - 19:00:00 | 200 | 1ms", 0, "[GIN] | 200 | 1ms", "19:00:00"],
  ["logrus on a terminal", "WARN[2026-11-21T19:00:00Z] few  a=b", 13, "few  a=b", "19:00:00"],
  ["syslog", "Nov 21 19:00:00 host prog[1]: hi", 0, "host prog[1]: hi", "19:00:00"],
  [
    "nginx of requests",
    '127.0.0.1 - - [21/Nov/2026:19:00:00 +0000] "GET / HTTP/1.1" 200 6',
    0,
    '127.0.0.1 - - [21/Nov/2026:19:00:00 +0000] "GET / HTTP/1.1" 200 6',
    "19:00:00",
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

const timeless: readonly (readonly [string, number, string])[] = [
  ["5:10AM INF main.go:59 > hi", 9, "main.go:59 > hi"],
  ["WARN[0012] few  a=b", 13, "few  a=b"],
  ["<3>no disk", 17, "no disk"],
  ["HTTP GET /x", 0, "HTTP GET /x"],
  ["thread 'main' panicked at src/main.rs:2:5:\nno", 17, "thread 'main' panicked at src/main.rs:2:5:\nno"],
  ["TypeError: no\n    at a.js:1:2", 17, "TypeError: no\n    at a.js:1:2"],
  ["Error: of somebody", 0, "Error: of somebody"],
];
for (const [line, severity, message] of timeless) {
  test(`"${line.slice(0, 20)}" has its level without a time`, () => {
    const parsed = parseLine(line, now);
    assert.deepEqual([parsed.severity, parsed.message, parsed.timeNs], [severity, message, undefined]);
  });
}

test("colours are no part of a line", () => {
  const of = (line: string) => withoutColours(line.replaceAll("^", "\u001b"));
  assert.equal(of("^[90m5:10AM^[0m ^[32mINF^[0m ^[1mhi^[0m ^[36mn=^[0m3"), "5:10AM INF hi n=3");
  assert.equal(of("^[38;5;12mblue^[0m ^]8;;http://x^\\link^]8;;^\\ [1m"), "blue link [1m");
  assert.equal(of("no [31mcolour"), "no [31mcolour");
});

test("a time of day is yesterday's where today's is still to come", () => {
  const { timeNs } = parseLine("23:59:59.5 [main] INFO shop", Date.parse("2026-11-21T00:00:02"));
  assert.equal(timeNs, BigInt(Date.parse("2026-11-20T23:59:59.5")) * 1_000_000n);
});

test("what more attributes a line has than are told is counted", () => {
  const many = Array.from({ length: 200 }, (_, i) => `"k${i}":${i}`).join(",");
  const { attributes, droppedAttributes } = parseLine(`{"level":"info","msg":"m",${many}}`, now);
  assert.deepEqual([attributes.length, droppedAttributes], [126, 74]);
});

test("JSON is read as JSON.parse() reads it", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean())),
      (fields) => {
        const { level: _level, msg: _msg, ...others } = fields;
        const line = JSON.stringify({ level: "info", msg: "m", ...others });
        const expected = Object.entries(JSON.parse(line)).filter(
          ([name, value]) => value !== null && !["level", "msg"].includes(name),
        );
        const { format, attributes } = parseLine(line, now);
        assert.equal(format, "json");
        if (
          expected.length < 120 &&
          !expected.some(([name]) => /^(?:time|ts|t|lvl|severity|event|body|@.*)$/i.test(name))
        )
          assert.deepEqual(
            new Map(attributes.map(([name, value]) => [name, String(value)])),
            new Map(expected.map(([name, value]) => [name, String(value)])),
          );
      },
    ),
  );
});

test("brackets within brackets by the thousand are a value like any other", () => {
  const list = "[".repeat(20_000) + "]".repeat(20_000);
  const { message, attributes } = parseLine(`{"level":"info","msg":"deep","a":${list}}`, now);
  assert.equal(message, "deep");
  assert.ok(attributes[0]?.[1] === list);
  assert.equal(parseLine(`{"a":`.repeat(20_000), now).format, "plain");
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

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TelemetryError } from "../../errors.js";
import { parseExposition } from "./parse.js";

const text = (page: string) => parseExposition(page, { openMetrics: false });
const open = (page: string) => parseExposition(page, { openMetrics: true });

/** flat writes samples as a reader of the test sees them at once. */
const flat = (page: ReturnType<typeof text>): string[] =>
  page.samples.map(({ labels, value, timestampMs, exemplar }) =>
    [
      labels.map((each) => `${each.name}=${each.value}`).join(","),
      value,
      ...(timestampMs === undefined ? [] : [`@${timestampMs}`]),
      ...(exemplar === undefined ? [] : [`# ${JSON.stringify(exemplar)}`]),
    ].join(" "),
  );

describe("Prometheus' text", () => {
  test("families, labels, escapes, blanks, times, and a last line without an end", () => {
    const page = text(
      [
        "# HELP a_seconds how \\\\ long\\nit took",
        "# TYPE a_seconds   histogram",
        "#TYPE nothing",
        "# a comment",
        "",
        'a_seconds_bucket{le="0.5"} 1',
        '  a_seconds_bucket { le = "+Inf" , } 2 1700000000123  ',
        'b{x="\\"\\\\\\n\\t",y=""}+Inf',
        "c:d\tNaN\t-5",
        '{"a b","k.l"="1"} -1e-3',
        'd{a="1" b="2"} 0',
        "# TYPE e untyped",
        "e .5",
      ].join("\n"),
    );
    assert.deepEqual(page.families.get("a_seconds"), {
      name: "a_seconds",
      type: "histogram",
      help: "how \\ long\nit took",
      unit: "",
    });
    assert.equal(page.families.get("e")?.type, "unknown");
    assert.deepEqual(flat(page), [
      "__name__=a_seconds_bucket,le=0.5 1",
      "__name__=a_seconds_bucket,le=+Inf 2 @1700000000123",
      '__name__=b,x="\\\n\\t,y= Infinity',
      "__name__=c:d NaN @-5",
      "__name__=a b,k.l=1 -0.001",
      "__name__=d,a=1,b=2 0",
      "__name__=e 0.5",
    ]);
  });

  for (const [page, says] of [
    ["a", /line 1, column 2: a value/],
    ["ok 1\na{b=c} 1", /line 2, column 5: a label's value/],
    ['a{b="c} 1', /line 1, column 6: a label's value has no end/],
    ['a{b="c",,d="e"} 1', /column 9: a label's name/],
    ['a{b="1",b="2"} 1', /label b stands twice/],
    ["a 1_000", /column 3/],
    ["a 0x1p-3", /column 3/],
    ["a 1 1.5", /column 5: a time in milliseconds/],
    ["a 1 2 3", /column 7: the line's end/],
    ["9a 1", /column 1: a metric's name/],
    ['{x="y"} 1', /no name/],
    ["# TYPE a nonsense", /"nonsense" is no type/],
    ["# HELP ", /column 8: a metric's name/],
    ["# TYPE a", /"" is no type/],
    ["a-b 1", /column 2/],
  ] as const)
    test(`${JSON.stringify(page)} is refused at its place`, () => {
      assert.throws(
        () => text(page),
        (error) => error instanceof TelemetryError && says.test(error.message),
      );
    });
});

describe("OpenMetrics", () => {
  test("units, exemplars, times in seconds, and the end", () => {
    const page = open(
      [
        "# TYPE a_seconds histogram",
        "# UNIT a_seconds seconds",
        '# HELP a_seconds say \\"how\\" long',
        'a_seconds_bucket{le="1.0"} 1 # {trace_id="abc"} 0.7 1700000000.5',
        'a_seconds_bucket{le="+Inf"} 2 # {} 3',
        "a_seconds_count 2 1700000000.123",
        "# TYPE s stateset",
        's{s="on"} 1',
        "# EOF",
      ].join("\n"),
    );
    assert.deepEqual(page.families.get("a_seconds"), {
      name: "a_seconds",
      type: "histogram",
      help: 'say "how" long',
      unit: "seconds",
    });
    assert.deepEqual(flat(page), [
      '__name__=a_seconds_bucket,le=1.0 1 # {"labels":[{"name":"trace_id","value":"abc"}],"value":0.7,"timestampMs":1700000000500}',
      '__name__=a_seconds_bucket,le=+Inf 2 # {"labels":[],"value":3}',
      "__name__=a_seconds_count 2 @1700000000123",
      "__name__=s,s=on 1",
    ]);
    assert.deepEqual(open("# EOF\n").samples, []);
  });

  for (const page of [
    "",
    "a 1\n",
    "a 1\n# EOF\n\n",
    "# EOF\na 1",
    "a  1\n# EOF",
    "a\t1\n# EOF",
    "a 1 \n# EOF",
    " a 1\n# EOF",
    "a 1\n\n# EOF",
    "# a comment\n# EOF",
    "# TYPE a untyped\n# EOF",
    "# TYPE a  counter\n# EOF",
    "# TYPE a\n# EOF",
    "# UNIT a_seconds meters\n# EOF",
    "a 1 NaN\n# EOF",
    'a 1 # {b="c"}\n# EOF',
    'a 1 # {b="c"} 1 Inf\n# EOF',
    "a 1 # 1\n# EOF",
    "a{b='c'} 1\n# EOF",
    'a{,b="c"} 1\n# EOF',
  ])
    test(`${JSON.stringify(page)} is refused`, () => {
      assert.throws(() => open(page), TelemetryError);
    });
});

test("what is written is read again, whatever the labels hold", () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,12}$/);
  const sample = fc.record({
    metric: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,12}$/),
    labels: fc.uniqueArray(fc.tuple(name, fc.string()), { selector: ([key]) => key, maxLength: 5 }),
    value: fc.double(),
    time: fc.option(fc.maxSafeInteger()),
  });
  const escaped = (value: string): string =>
    value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  const number = (value: number): string => {
    if (Object.is(value, -0)) return "-0";
    if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
    return value > 0 ? "+Inf" : "-Inf";
  };
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 8 }), (samples) => {
      const lines = samples.map(
        ({ metric, labels, value, time }) =>
          `${metric}{${labels.map(([key, of]) => `${key}="${escaped(of)}"`).join(",")}} ${number(value)}${time === null ? "" : ` ${time}`}`,
      );
      assert.deepEqual(
        text(lines.join("\n")).samples,
        samples.map(({ metric, labels, value, time }) => ({
          labels: [
            { name: "__name__", value: metric },
            ...labels.map(([key, of]) => ({ name: key, value: of })),
          ],
          value,
          ...(time === null ? {} : { timestampMs: time }),
        })),
      );
    }),
    { numRuns: 500 },
  );
});

test("any text is a page or a TelemetryError", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "# TYPE ",
      "# HELP ",
      "# EOF",
      "\n",
      "{",
      "}",
      '"',
      "\\",
      "=",
      " # ",
      "a",
      "1",
      " ",
      ",",
      "le",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, openMetrics) => {
      try {
        parseExposition(pieces.join(""), { openMetrics });
      } catch (error) {
        assert.ok(error instanceof TelemetryError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

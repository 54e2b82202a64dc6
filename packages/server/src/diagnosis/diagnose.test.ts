import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Fault, makeWorld } from "../testing/incident.js";
import { questionOf, worldSource, worldStartMs } from "../testing/incident-source.js";
import { diagnose } from "./diagnose.js";
import type { Question } from "./model.js";
import type { DiagnosisAnswer, DiagnosisKind } from "./types.js";

// Worlds in which what goes wrong is known: the first cause must be it, and where nothing does there must be none.

const seeds = [1, 2];

async function ask(fault: Fault, seed: number, more: Partial<Question> = {}): Promise<DiagnosisAnswer> {
  const world = makeWorld(fault, seed);
  const question = questionOf(world, more);
  return diagnose(worldSource(world, question), question);
}

const told = (answer: DiagnosisAnswer): string =>
  [
    answer.headline,
    ...answer.causes.map(
      (cause) => `${cause.kind} ${cause.share.toFixed(2)} ${cause.sentence} | ${cause.notes.join(" | ")}`,
    ),
    ...answer.ruled_out,
  ].join("\n");

interface Expected {
  readonly fault: Fault;
  readonly kind: DiagnosisKind;
  readonly service: string;
  /** words stand in the first cause's sentence or notes. */
  readonly words: RegExp;
  readonly figure?: "latency" | "errors";
}

const expected: readonly Expected[] = [
  { fault: { kind: "own-code", service: "catalog" }, kind: "self", service: "catalog", words: /own code/ },
  {
    fault: { kind: "own-code", service: "checkout", state: "lock" },
    kind: "self",
    service: "checkout",
    words: /waits for a lock/,
  },
  {
    fault: { kind: "own-code", service: "cart", state: "gc" },
    kind: "self",
    service: "cart",
    words: /garbage collector.*go\.memory\.gc\.cycles\.rate/s,
  },
  {
    fault: { kind: "own-code", service: "payment", state: "runnable" },
    kind: "self",
    service: "payment",
    words: /waits for a CPU/,
  },
  {
    fault: { kind: "dependency", service: "payment" },
    kind: "dependency",
    service: "payment",
    words: /Calls from payment to postgresql/,
  },
  {
    fault: { kind: "network", from: "checkout", to: "payment" },
    kind: "network",
    service: "checkout",
    words: /way from checkout to payment/,
  },
  {
    fault: { kind: "pool", service: "catalog" },
    kind: "waiting",
    service: "catalog",
    words: /waits before it calls postgresql/,
  },
  { fault: { kind: "loop", service: "cart" }, kind: "calls", service: "cart", words: /calls redis 2[45]/ },
  {
    fault: { kind: "retries", from: "checkout", to: "payment" },
    kind: "retries",
    service: "checkout",
    words: /tries payment 3 times/,
  },
  {
    fault: { kind: "version", service: "payment" },
    kind: "self",
    service: "payment",
    words: /only where service.version of payment is 2.0.0.*Nothing before had service.version = 2.0.0/s,
  },
  {
    fault: { kind: "tenant", service: "payment" },
    kind: "self",
    service: "payment",
    words: /only where app.tenant of (?:payment|frontend) is cedar/,
  },
  {
    fault: { kind: "exception", service: "payment" },
    kind: "failure",
    service: "payment",
    words: /index # out of range.*New log line/s,
    figure: "errors",
  },
  {
    fault: { kind: "refused", service: "catalog" },
    kind: "dependency",
    service: "catalog",
    words: /connection refused.*New log line/s,
    figure: "errors",
  },
  { fault: { kind: "mix" }, kind: "mix", service: "frontend", words: /GET \/report/ },
];

const controls: readonly Fault[] = [
  { kind: "quiet" },
  { kind: "busier" },
  { kind: "deploy", service: "payment" },
  { kind: "skew", service: "payment" },
  { kind: "chatty", service: "catalog" },
];

describe("diagnose", () => {
  for (const { fault, kind, service, words, figure = "latency" } of expected) {
    const name = Object.values(fault).join(" ");
    it(`finds ${name}`, async () => {
      for (const seed of seeds) {
        const answer = await ask(fault, seed);
        const [first] = answer.causes;
        assert.equal(answer.verdict, "cause", told(answer));
        assert.equal(answer.figure, figure, told(answer));
        assert.equal(`${first?.kind} ${first?.service_name}`, `${kind} ${service}`, told(answer));
        assert.match(`${first?.sentence}\n${first?.notes.join("\n")}`, words, told(answer));
        assert.ok(first !== undefined && first.confidence !== "possible", told(answer));
        assert.ok(first.evidence.length > 0 && first.evidence.every(({ sql }) => /^SELECT/.test(sql)));
        const began = worldStartMs + 108 * 60_000;
        const off = Math.abs((answer.affected?.from_ms ?? 0) - began);
        assert.ok(off <= 5 * 60_000, `it began ${off / 1000} s from where it is said to`);
      }
    });
  }

  for (const fault of controls) {
    it(`says nothing of ${Object.values(fault).join(" ")}`, async () => {
      for (const seed of [...seeds, 4, 5]) {
        const answer = await ask(fault, seed);
        assert.equal(answer.verdict, "quiet", told(answer));
        assert.deepEqual(answer.causes, []);
        assert.match(answer.headline, /No cause found/);
        assert.ok(answer.looked_at.length > 0);
      }
    });
  }

  it("says nothing when asked since when nothing began", async () => {
    for (const seed of seeds) {
      const since_ms = worldStartMs + 100 * 60_000;
      for (const figure of ["latency", "errors", "traffic"] as const) {
        const answer = await ask({ kind: "quiet" }, seed, { since_ms, figure });
        assert.equal(answer.verdict, "quiet", told(answer));
      }
    }
  });

  it("does not blame what a harmless deploy or a chatty service did beside a fault elsewhere", async () => {
    const answer = await ask({ kind: "own-code", service: "catalog" }, 8);
    assert.deepEqual(
      answer.causes.map((cause) => cause.service_name),
      ["catalog"],
      told(answer),
    );
    assert.match(answer.ruled_out.join("\n"), /Traffic: .*Deploys: no new version.*Own time elsewhere/s);
  });

  it("explains more traffic by what is asked for more", async () => {
    const since_ms = worldStartMs + 108 * 60_000;
    const busier = await ask({ kind: "busier" }, 1, { since_ms, figure: "traffic" });
    assert.equal(busier.figure, "traffic", told(busier));
    assert.match(busier.causes[0]?.sentence ?? "", /nobody watched sends frontend more requests/);
  });

  it("sees the few in a hundred that are slow, when asked since when", async () => {
    const since_ms = worldStartMs + 108 * 60_000;
    const world = makeWorld({ kind: "tenant", service: "payment" }, 5, {
      minutes: 120,
      perMinute: 60,
      faultMinutes: 12,
    });
    const question = questionOf(world, { since_ms, figure: "latency" });
    const answer = await diagnose(worldSource(world, question), question);
    assert.match(answer.causes[0]?.sentence ?? "", /payment.*app.tenant of .* is cedar/, told(answer));
  });

  it("limits itself to one operation when one is named", async () => {
    const operation = "POST /checkout";
    const answer = await ask({ kind: "own-code", service: "payment" }, 1, { operation });
    assert.equal(answer.causes[0]?.service_name, "payment", told(answer));
    const other = await ask({ kind: "own-code", service: "payment" }, 1, { operation: "GET /cart/{id}" });
    assert.equal(other.verdict, "quiet", told(other));
  });

  it("says so when there is too little to compare", async () => {
    const world = makeWorld({ kind: "quiet" }, 1, { minutes: 4, perMinute: 2, faultMinutes: 1 });
    const question = questionOf(world);
    const answer = await diagnose(worldSource(world, question), question);
    assert.equal(answer.verdict, "little");
    assert.match(answer.headline, /Too few requests/);
  });
});

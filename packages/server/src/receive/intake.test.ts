import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "@go3s/store";
import fc from "fast-check";
import { ServerError } from "../errors.js";
import { shopLogs, shopSpans, shopTraces } from "../testing/shop.js";
import { createDecoders } from "./decoders.js";
import { createIntake } from "./intake.js";

type Blocks = readonly { readonly signal: string; readonly rows: number }[];

/** held makes an intake whose commits wait to be let go. */
function held() {
  const commits: { readonly blocks: Blocks; readonly done: (error?: Error) => void }[] = [];
  const intake = createIntake(
    {
      append: (blocks) =>
        new Promise((resolve, reject) =>
          commits.push({ blocks, done: (error) => (error ? reject(error) : resolve()) }),
        ),
    },
    createDecoders(),
  );
  return { intake, commits };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const spans = shopSpans(1_700_000_000_000);
const rows = shopTraces * 7;

test("requests that arrive during commits share the next one, and are answered with it", async () => {
  const { intake, commits } = held();
  const answered: number[] = [];
  const send = (name: number, signal: "traces" | "logs" = "traces") =>
    intake.accept(signal, signal === "traces" ? spans : shopLogs(1)).then(() => answered.push(name));
  send(1);
  await turn();
  send(2);
  await turn();
  send(3);
  send(4);
  send(5, "logs");
  await turn();
  assert.equal(commits.length, 2);
  commits[0]?.done();
  await turn();
  assert.deepEqual(answered, [1]);
  assert.deepEqual(
    commits[2]?.blocks.map(({ signal, rows }) => [signal, rows]),
    [
      ["traces", rows * 2],
      ["logs", shopTraces + 6 + 5],
    ],
  );
  let idle = false;
  const waited = intake.idle().then(() => {
    idle = true;
  });
  commits[2]?.done();
  await turn();
  assert.deepEqual(answered, [1, 3, 4, 5]);
  assert.equal(idle, false);
  commits[1]?.done();
  await waited;
  assert.deepEqual(answered, [1, 3, 4, 5, 2]);
});

test("a failed commit refuses all its requests and only those", async () => {
  const { intake, commits } = held();
  const first = assert.rejects(intake.accept("traces", spans), (error) => {
    assert.ok(error instanceof ServerError);
    assert.deepEqual([error.code, error.retryAfterSeconds], ["disk-full", 5]);
    return true;
  });
  await turn();
  const second = intake.accept("traces", spans);
  await turn();
  commits[0]?.done(new StoreError("disk-full", "no room"));
  commits[1]?.done();
  await first;
  assert.equal((await second).rows, rows);
});

test("a broken request leaves the block of its neighbours as it was", async () => {
  const { intake, commits } = held();
  const good = intake.accept("traces", spans);
  const bad = assert.rejects(intake.accept("traces", spans.subarray(0, 5000)), ServerError);
  const again = intake.accept("traces", spans);
  await bad;
  await turn();
  assert.equal(commits.length, 1);
  assert.equal(commits[0]?.blocks[0]?.rows, rows * 2);
  commits[0]?.done();
  await Promise.all([good, again]);
});

test("changed bytes are taken or refused as not OTLP or too large, never a failure of ours", async () => {
  const intake = createIntake({ append: () => Promise.resolve() }, createDecoders());
  const change = fc.tuple(fc.nat({ max: spans.length - 1 }), fc.nat({ max: 255 }));
  const signals = fc.constantFrom("traces" as const, "logs" as const, "metrics" as const);
  await fc.assert(
    fc.asyncProperty(
      signals,
      fc.array(change, { minLength: 1, maxLength: 8 }),
      fc.nat({ max: spans.length }),
      async (signal, changes, length) => {
        const body = Uint8Array.from(signal === "logs" ? shopLogs(1) : spans);
        for (const [at, value] of changes) if (at < body.length) body[at] = value;
        try {
          await intake.accept(signal, body.subarray(0, length % 2 === 0 ? body.length : length));
        } catch (error) {
          assert.ok(error instanceof ServerError, String(error));
          assert.ok(error.code === "not-otlp" || error.code === "too-large", error.code);
        }
      },
    ),
    { numRuns: 1000 },
  );
  const { rows: after } = await intake.accept("traces", spans);
  assert.equal(after, rows);
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer, Agent as HttpAgent, type Server } from "node:http";
import { after, before, describe, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { aiohttpService, fastApiService } from "../testing/asyncio-services.js";
import { listening } from "../testing/listening.js";
import { attributeOf, whyNoPeer } from "../testing/live-peers.js";
import { type FoundPython, mavenPython, namedPythons, pythonWith } from "../testing/python-packages.js";
import { eventually } from "../testing/wait.js";
import { ask, whileWatched } from "../testing/watched-program.js";

const packages: readonly string[] = [
  "uvicorn==0.54.0",
  "fastapi==0.165.0",
  "httpx==0.28.1",
  "aiohttp==3.14.5",
  "uvloop==0.23.0",
  "starlette==1.10.0",
];

const ways = ["turns", "limited", "together", "thread", "behind"];
const rounds = 4;
const atOnce = 10;
const times = 3;

/** packagesOf gives the packages for an interpreter: the newest that they have for one that these are not made for any more. */
function packagesOf(python: string): readonly string[] {
  const minor = Number(execFileSync(python, ["-c", "import sys; print(sys.version_info.minor)"]));
  return minor >= 11 ? packages : packages.map((name) => name.slice(0, name.indexOf("=")));
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

interface Case {
  readonly name: string;
  readonly source: string;
  readonly loop: string;
  readonly paths: readonly string[];
  /** kept tells that connections serve several requests. */
  readonly kept: boolean;
  readonly more: readonly string[];
  /** share of the calls and lines has a parent at least: what has one has the right one. */
  readonly share: number;
}

const fastApi = { name: "uvicorn and FastAPI", source: fastApiService, paths: ways, more: [], share: 1 };
const aiohttp = { name: "aiohttp", source: aiohttpService, paths: ["turns"], more: [] };
const cases: readonly Case[] = [
  { ...fastApi, loop: "asyncio", kept: false },
  { ...fastApi, loop: "uvloop", kept: true },
  { ...fastApi, name: "the same in empty contexts", loop: "asyncio", kept: true, more: ["empty"] },
  { ...fastApi, name: "the same in empty contexts", loop: "uvloop", kept: false, more: ["empty"] },
  { ...aiohttp, loop: "asyncio", kept: true, share: 1 },
  // Nothing says which connection a task is for that uvloop makes for each of them.
  { ...aiohttp, loop: "uvloop", kept: false, share: 0 },
];

interface Interpreter {
  readonly name: string;
  readonly find: () => FoundPython;
  readonly cases: readonly Case[];
}

const interpreters: readonly Interpreter[] = [
  { name: "python3", find: () => ({ python: "python3" }), cases },
  {
    name: "CPython 3.14 in a shared library",
    find: () => mavenPython("3.14.3-1.5.13"),
    cases: cases.slice(0, 3),
  },
  ...namedPythons.map((path) => ({ name: path, find: () => ({ python: path }), cases })),
];

for (const { name: interpreter, find, cases } of interpreters)
  describe(`what asyncio's tasks do is a child of the request that they do it for, ${interpreter}`, {
    skip: whyNoPeer("python3"),
  }, () => {
    // Slow enough, and by chance, so that tasks wait while others run.
    const back: Server = createServer((_, response) => {
      setTimeout(() => response.end("ok"), 2 + Math.random() * 15);
    });
    let url = "";
    let found: FoundPython = { lacks: "" };
    before(async () => {
      url = `http://127.0.0.1:${await listening(back)}`;
      found = find();
      if ("python" in found) found = pythonWith(packagesOf(found.python), found.python);
    });
    after(() => {
      back.closeAllConnections();
      back.close();
    });

    for (const { name, source, loop, paths, kept, more, share } of cases)
      test(`${name} on ${loop}, ${atOnce} at once`, async (t) => {
        if ("lacks" in found) return t.skip(found.lacks);
        const connections = new HttpAgent({ keepAlive: true, maxSockets: atOnce });
        t.after(() => connections.destroy());
        await whileWatched(
          [found.python, "-c", source, url, loop, ...more],
          async ({ port, spans, logs }) => {
            const pathsOf = (round: number) =>
              Array.from(
                { length: atOnce },
                (_, i) => `/${paths[i % paths.length]}/r${round}c${i}?n=${times}`,
              );
            for (let round = 0; round < rounds; round++)
              await Promise.all(pathsOf(round).map((path) => ask(port, path, kept ? connections : false)));
            const targetOf = (span: Span): string => new URL(attributeOf(span, "url.full")).pathname;
            const calls = () => spans.filter(({ kind }) => kind === 3);
            const asked = () => calls().filter((span) => targetOf(span).startsWith("/of-"));
            const lines = () => logs.filter(({ body }) => body?.stringValue?.startsWith("for "));
            const all = rounds * atOnce;
            const behind = paths.includes("behind") ? (rounds * atOnce) / paths.length : 0;
            await eventually(
              "all spans",
              () =>
                spans.length === all * (1 + times) + behind &&
                asked().length === all * times &&
                lines().length === all * times,
            );
            const nameOf = (spanId: string | undefined): string | undefined => {
              const span = spans.find((each) => each.spanId === spanId);
              return span === undefined ? undefined : lastPart(attributeOf(span, "url.path"));
            };
            let children = 0;
            for (const span of calls()) {
              const parent = nameOf(span.parentSpanId);
              if (parent === undefined) continue;
              // What begins when the answer is written belongs to none that is open.
              assert.equal(targetOf(span), `/of-${parent}`);
              children++;
            }
            let traced = 0;
            for (const { body, spanId } of lines()) {
              if (spanId === "") continue;
              assert.equal(body?.stringValue, `for ${nameOf(spanId)}`);
              traced++;
            }
            assert.ok(children >= share * all * times, `${children} of ${all * times} calls`);
            assert.ok(traced >= share * all * times, `${traced} of ${all * times} lines`);
          },
          { logs: {} },
        );
      });
  });

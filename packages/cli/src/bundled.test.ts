import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";
import { canObserve } from "./testing/go-service.js";

const bin = fileURLToPath(new URL("../bin", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "go3s-bundled-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** layOut makes a checkout of the launcher alone: bundles and modules that only say who they are. */
function layOut(name: string): {
  readonly bundle: string;
  readonly info: string;
  readonly agentInfo: string;
  run(...args: string[]): string;
  /** launcher gives the names of what a command's bundle exports to who loads it. */
  launcher(command: string): string[] | undefined;
} {
  const packages = join(folder, name, "packages");
  const dist = join(packages, "cli", "dist");
  cpSync(bin, join(packages, "cli", "bin"), { recursive: true });
  mkdirSync(join(dist, "bundle"), { recursive: true });
  const bundle = join(dist, "bundle", "go3s.cjs");
  for (const name of ["go3s", "observe"]) {
    const says = name === "go3s" ? "bundle" : name;
    const text = `exports.main = (argv) => console.log('${says}', argv.join());`;
    writeFileSync(
      join(dist, "bundle", `${name}.cjs`),
      `// 0123456789abcdef\n(function (exports, require, module, __filename, __dirname) {${text}\n})`,
    );
  }
  writeFileSync(join(packages, "cli", "package.json"), '{ "type": "module" }');
  writeFileSync(join(dist, "main.js"), 'console.log("modules", process.argv.slice(2).join());');
  const [info = "", agentInfo = ""] = ["lang", "agent"].map((name) => {
    mkdirSync(join(packages, name, "dist"), { recursive: true });
    return join(packages, name, "dist", ".tsbuildinfo");
  });
  for (const each of [info, agentInfo]) writeFileSync(each, "{}");
  return {
    bundle,
    info,
    agentInfo,
    launcher(command) {
      const { bundled } = createRequire(import.meta.url)(join(packages, "cli", "bin", "go3s.js"));
      const found: object | undefined = bundled(command);
      return found && Object.keys(found);
    },
    run(...args) {
      const done = spawnSync(process.execPath, [join(packages, "cli", "bin", "go3s.js"), ...args], {
        encoding: "utf8",
      });
      return `${done.status} ${done.stdout}${done.stderr}`.trim();
    },
  };
}

const age = (path: string, seconds: number): void => {
  const at = Date.now() / 1000 - seconds;
  utimesSync(path, at, at);
};

test("a command of the bundle runs from it, and the first run leaves a code cache that broken bytes do not spoil", () => {
  const { bundle, info, run } = layOut("fresh");
  age(info, 60);
  const caches = (): string[] => readdirSync(join(bundle, "..")).filter((name) => name.endsWith(".cache"));
  assert.equal(run("trace", "x"), "0 bundle trace,x");
  const [cache = ""] = caches();
  assert.match(cache, /^go3s\.cjs\.0123456789abcdef-\d+\.cache$/);
  assert.equal(run("build"), "0 bundle build");
  writeFileSync(join(bundle, "..", cache), "no cache");
  assert.equal(run("bpftrace"), "0 bundle bpftrace");
  assert.deepEqual(caches(), [cache]);
});

test("other commands run module by module, and all do while a module is newer than the bundle", () => {
  const { bundle, info, run } = layOut("stale");
  age(info, 60);
  assert.equal(run("query", "x"), "0 modules query,x");
  age(bundle, 120);
  assert.equal(run("trace", "x"), "0 modules trace,x");
});

test("observing has a bundle of its own, which is as old as the agent's modules at least", () => {
  const { bundle, info, agentInfo, run } = layOut("observing");
  for (const each of [info, agentInfo]) age(each, 60);
  assert.equal(run("observe", "--all"), "0 observe observe,--all");
  assert.ok(readdirSync(join(bundle, "..")).some((name) => /^observe\.cjs\.\w+-\d+\.cache$/.test(name)));
  age(agentInfo, -60);
  assert.equal(run("observe"), "0 modules observe");
  assert.equal(run("trace"), "0 bundle trace");
});

test("the agent of go3s up gets that bundle's exports, and none where it is not up to date, or not there", () => {
  const { bundle, info, agentInfo, launcher } = layOut("agent");
  for (const each of [info, agentInfo]) age(each, 60);
  assert.deepEqual(launcher("observe"), ["main"]);
  age(agentInfo, -60);
  assert.equal(launcher("observe"), undefined);
  age(agentInfo, 60);
  rmSync(join(bundle, "..", "observe.cjs"));
  assert.equal(launcher("observe"), undefined);
});

test("without anything built it says what to do", () => {
  const { bundle, run } = layOut("bare");
  rmSync(join(bundle, "..", ".."), { recursive: true });
  assert.match(run("trace"), /^1 go3s is not built yet: run `npm start`/);
});

test("npm's command hides the extra certificates from Node only where no TLS is spoken", () => {
  const probe = join(folder, "probe.go3s");
  writeFileSync(
    probe,
    "package p\n\n// @raw_tp:sys_enter\nfunc f(ctx *bpf.RawTracepoint) int { return 0 }\n",
  );
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "none.pem") };
  const run = (command: string, ...args: string[]): string => {
    const done = spawnSync(command, args, { encoding: "utf8", env });
    return `${done.status} ${done.stderr}`;
  };
  const command = join(bin, "go3s");
  assert.doesNotMatch(run(command, "build", probe, "-o", join(folder, "probe.o")), /^[^0]|extra certs/);
  // Node 20 warns at its start when it cannot read the file; newer ones read it only when they need it.
  const warns = run("node", "-e", "").includes("extra certs");
  assert.equal(run(command, "query", "--help").includes("extra certs"), warns);
});

test("what a trace starts has the certificates' variable again", {
  skip: canObserve ? false : "needs root to load BPF programs",
}, () => {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: "/none.pem" };
  const command = 'sh -c "echo $NODE_EXTRA_CA_CERTS,$GO3S_NODE_EXTRA_CA_CERTS"';
  const args = ["trace", "interval:s:1000 { }", "-c", command];
  const done = spawnSync(join(bin, "go3s"), args, { encoding: "utf8", env });
  assert.match(done.stdout, /^\/none\.pem,$/m);
  assert.doesNotMatch(done.stderr, /extra certs/);
});

interface Indexed {
  readonly helpers: string;
  withoutIterators(code: string): string;
}

test("loops and patterns mean the same without iterators", async () => {
  const path = new URL("../../../scripts/indexed.mjs", import.meta.url).href;
  const { helpers, withoutIterators } = (await import(path)) as Indexed;
  const code = `
const seen = [];
const list = [1, 2, 3];
for (const each of list) if (each < 3 && list.length < 9) list.push(each * 10);
outer: for (const [a, , b = 7] of [[1, 2, 3], [4, 5], new Set([8, 9, 10])]) {
  for (const each of new Map([[a, b]])) { seen.push(each); if (a === 4) continue outer; }
  seen.push(() => a + b);
}
const work = new Set([1]);
for (const each of work) if (each < 4) work.add(each + 1);
let [x, y] = list;
[x, y] = [y, x];
[list.last] = work;
const [first, ...rest] = list;
const [key] = new Map([["k", 1]]).keys();
const [, second] = "text";
for (const [i, each] of (list ?? []).entries()) seen.push(i * each);
for (const [i, each] of new Map([[5, 6]]).entries()) seen.push(i * each);
for (const { a: [c], ...others } of [{ a: [1], d: 2 }]) seen.push(c, others);
try { const [none] = undefined; } catch (error) { seen.push(error instanceof TypeError); }
try { for (const each of 5) seen.push(each); } catch (error) { seen.push(error instanceof TypeError); }
return [list, list.last, [...work], x, y, first, rest, key, second, seen.map((each) => typeof each === "function" ? each() : each)];`;
  const run = (text: string): unknown => runInThisContext(`(() => {${text}\n})()`);
  // A body of a function is no module: only there may a return stand outside.
  const rewritten = withoutIterators(`function f() {${code}}`);
  assert.ok(!rewritten.includes("each of list"));
  assert.deepEqual(run(`${helpers}\n${rewritten}\nreturn f();`), run(code));
});

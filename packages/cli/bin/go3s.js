#!/usr/bin/env node
"use strict";
// Starts a command: the few in a bundle from there, with V8's code cache; the others, and all of them while the
// bundle is older than the modules it was made of, module by module.
const { closeSync, existsSync, openSync, readFileSync, renameSync, statSync, writeSync } = require("node:fs");
const { join } = require("node:path");

const dist = join(__dirname, "..", "dist");
const probes = { name: "go3s", packages: ["binary", "bpf", "lang", "cli"] };
const bundles = {
  trace: probes,
  bpftrace: probes,
  build: probes,
  observe: { name: "observe", packages: ["binary", "bpf", "lang", "telemetry", "agent", "cli"] },
};

/** settledMs is when a start is over, whatever it started. */
const settledMs = 5000;

const pathOf = (name) => join(dist, "bundle", `${name}.cjs`);

/** isFresh compares a bundle with what the compiler writes last; an installed package has no such files. */
function isFresh({ name: which, packages }) {
  const bundle = statSync(pathOf(which), { throwIfNoEntry: false });
  return (
    bundle !== undefined &&
    packages.every((name) => {
      const info = statSync(join(dist, "..", "..", name, "dist", ".tsbuildinfo"), { throwIfNoEntry: false });
      return info === undefined || info.mtimeMs <= bundle.mtimeMs;
    })
  );
}

function readCache(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** writeCache is for the next start; where the folder cannot be written, every start compiles what it runs. */
function writeCache(file, script) {
  const part = `${file}.${process.pid}`;
  try {
    // Opened first: what cannot be kept is not made.
    const fd = openSync(part, "w");
    writeSync(fd, script.createCachedData());
    closeSync(fd);
    renameSync(part, file);
  } catch {
    // Not ours to write: an installed package used by another user.
  }
}

/** load gives a bundle's exports, and whether they came with a cache; without one it is written when the process ends. */
function load(name, anew = false) {
  const vm = require("node:vm");
  const path = pathOf(name);
  // One function, in ASCII so that V8 takes the bytes as they are, behind "// " and the hash of its text (scripts/bundle.mjs).
  const text = readFileSync(path, "latin1");
  // The tag is V8's own: its version, its options, the processor.
  const file = `${path}.${text.slice(3, 19)}-${require("node:v8").cachedDataVersionTag()}.cache`;
  const cachedData = anew ? undefined : readCache(file);
  const script = new vm.Script(text, {
    filename: path,
    cachedData,
    // Modules that a user names (import()) load as everywhere.
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, path, join(dist, "bundle"));
  const isCached = cachedData !== undefined && !script.cachedDataRejected;
  if (!isCached) {
    let isWritten = false;
    const write = () => {
      if (!isWritten) writeCache(file, script);
      isWritten = true;
    };
    process.on("exit", write);
    // Who runs for long forgets by its end what it began with: V8 throws away code that is not used.
    setTimeout(write, settledMs).unref();
  }
  return { exports: module.exports, main: module.exports.main, isCached };
}

/**
 * optimiseLater lets V8 wait for functions that stay hot: compiling 1,000 lines is over before what it optimises pays,
 * 240 ms of processor time without this, 120 with it, and 8,000 lines 1,240 and 520; a busy reader gets there all the same.
 * A cache is only taken under the options it was written under, so a process that writes one does without. Only in
 * Node 20: the option has gone from later ones, which would complain.
 */
function optimiseLater() {
  if (!process.versions.v8.startsWith("11.3.")) return;
  // Opened first: Node's own modules come with such caches too, and what is open by now needs none.
  void process.stdout;
  require("node:v8").setFlagsFromString("--interrupt-budget=6000000");
}

/** bundled gives the exports of a command's bundle; undefined where there is none that is up to date. */
function bundled(command) {
  const bundle = bundles[command];
  return isFresh(bundle) ? load(bundle.name).exports : undefined;
}

/** start does what the process's arguments ask. */
function start() {
  const bundle = Object.hasOwn(bundles, process.argv[2] ?? "") ? bundles[process.argv[2]] : undefined;
  if (bundle !== undefined && isFresh(bundle)) {
    const { main, isCached } = load(bundle.name);
    // Who observes runs for days: what is hot there is worth optimising.
    if (isCached && bundle === probes) optimiseLater();
    return main(process.argv.slice(2));
  }
  if (existsSync(join(dist, "main.js"))) return import("../dist/main.js");
  // A checkout that was not built yet would only say ERR_MODULE_NOT_FOUND.
  process.stderr.write(
    "go3s is not built yet: run `npm start` (or `npm run build`) in the checkout first.\n",
  );
  process.exitCode = 1;
}

module.exports = { bundled, load, start };
if (require.main === module) start();

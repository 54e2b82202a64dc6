// Makes packages/cli/dist/bundle/: the commands whose start people wait for (packages/cli/src/bundled.ts) as one file, observing
// as another (bundled-observe.ts), and V8's code cache for each. Reading and compiling the 400 modules of the first one by one
// takes Node 120 ms, the bundle 15.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedDataVersionTag } from "node:v8";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "packages", "cli", "dist", "bundle");

/** bundles, as packages/cli/bin/go3s.js has them: a name, the module it begins with, the packages whose modules are in it. */
const bundles = [
  { name: "go3s", entry: "bundled.js", packages: ["binary", "bpf", "lang", "cli"], warm: true },
  {
    name: "observe",
    entry: "bundled-observe.js",
    packages: ["binary", "bpf", "lang", "telemetry", "agent", "cli"],
  },
];

function isFresh(target, packages) {
  if (!existsSync(target)) return false;
  const { mtimeMs } = statSync(target);
  const sources = [
    ...packages.map((name) => join(root, "packages", name, "dist", ".tsbuildinfo")),
    ...["bundle.mjs", "indexed.mjs"].map((name) => join(root, "scripts", name)),
    join(root, "package-lock.json"),
  ];
  return sources.every((path) => !existsSync(path) || statSync(path).mtimeMs <= mtimeMs);
}

// koffi's own loader looks for its library in 5 ms: it reads Node's ELF header and tries folders. The library itself takes
// 3 ms, and is not loaded before something of it is used: compiling makes no system calls of ours.
const koffi = `
const native = (name) => require(name);
let found;
const load = () => {
  try {
    return native(\`@koromix/koffi-linux-\${process.arch}/linux_\${process.arch}/koffi.node\`);
  } catch {
    return native("koffi");
  }
};
module.exports = new Proxy({}, { get: (_, key) => (found ??= load())[key] });`;

/**
 * In one file there is nothing to load later: with import() in it, each module becomes a function that is called in
 * order, and all of a package runs where one function of it is used.
 */
function withStaticImports(code, id) {
  if (!id.startsWith(join(root, "packages", "cli", "dist"))) return code;
  const imports = [];
  const text = code.replace(/\bawait import\("(\.[^"]+)"\)/g, (_, path) => {
    imports.push(`import * as loaded${imports.length} from "${path}";`);
    return `loaded${imports.length - 1}`;
  });
  return imports.length === 0 ? code : `${imports.join("\n")}\n${text}`;
}

// What compiling runs; nothing there walks a generator that has something to close.
const indexed = ["lang/dist", "bpf/dist/asm", "bpf/dist/btf", "bpf/dist/object", "binary/dist/elf"].map(
  (path) => join(root, "packages", path),
);

const newPlugin = (withoutIterators) => ({
  name: "go3s",
  resolveId: (id) => (id === "koffi" ? "\0koffi" : undefined),
  load: (id) => (id === "\0koffi" ? { code: koffi, moduleType: "js" } : undefined),
  transform(code, id) {
    const text = withOwnFiles(code, id);
    return indexed.some((path) => id.startsWith(path)) ? withoutIterators(text) : withStaticImports(text, id);
  },
});

/**
 * A file that a module looks for beside itself lies elsewhere as seen from the bundle. rolldown gives import.meta.url the
 * bundle's address, which is right for finding packages and wrong for those.
 */
function withOwnFiles(code, id) {
  return code.replace(/new URL\("(\.[^"]*)", import\.meta\.url\)/g, (_, path) => {
    const seen = relative(folder, join(dirname(id), path)) + (path.endsWith("/") ? "/" : "");
    return `new URL(${JSON.stringify(seen)}, import.meta.url)`;
  });
}

async function bundledCode(entry) {
  const { rolldown } = await import("rolldown");
  const { helpers, withoutIterators } = await import("./indexed.mjs");
  const build = await rolldown({
    input: join(root, "packages", "cli", "dist", entry),
    platform: "node",
    // None of our modules does anything by being imported: what nobody uses is left out.
    treeshake: { moduleSideEffects: false },
    plugins: [newPlugin(withoutIterators)],
    onLog(level, log) {
      // How long a plugin took says something of the machine, not of the code.
      if (level === "warn" && log.code !== "PLUGIN_TIMINGS") throw new Error(`bundle: ${log.message}`);
    },
  });
  const { output } = await build.generate({
    format: "cjs",
    codeSplitting: false,
    comments: { legal: false, annotation: false, jsdoc: false },
  });
  await build.close();
  return ascii(`${helpers}\n${withLazyBuiltins(output[0].code)}`);
}

// Node's own modules that few runs need, 1 to 3.5 ms each: they are taken when something of theirs is.
const rare = ["child_process", "crypto", "https", "worker_threads", "zlib"];

function withLazyBuiltins(code) {
  const lazy = "const $lazily = (name) => new Proxy({}, { get: (_, key) => require(name)[key] });";
  const names = rare.join("|");
  const taken = new RegExp(`^let (node_(?:${names})) = require\\("(node:(?:${names}))"\\);$`, "gm");
  return `${lazy}\n${code.replace(taken, 'const $1 = $$lazily("$2");')}`;
}

/** ascii: V8 keeps a text with a character beyond Latin-1 in twice the memory, and UTF-8 takes longer to read. */
function ascii(code) {
  return code.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** bundle makes each bundle when a module is newer than it. */
export async function bundle() {
  for (const one of bundles) await make(one);
}

async function make({ name, entry, packages, warm }) {
  const target = join(folder, `${name}.cjs`);
  if (isFresh(target, packages)) return;
  const code = await bundledCode(entry);
  // The cache's name holds this: V8 itself compares a cache with no more than the length of its source.
  const id = createHash("sha256").update(code).digest("hex").slice(0, 16);
  mkdirSync(folder, { recursive: true });
  const caches = readdirSync(folder).filter(
    (file) => file.startsWith(`${name}.cjs.`) && file.endsWith(".cache"),
  );
  for (const file of caches) if (!file.includes(id)) rmSync(join(folder, file), { force: true });
  const part = `${target}.${process.pid}`;
  writeFileSync(part, `// ${id}\n(function (exports, require, module, __filename, __dirname) {${code}\n})`);
  renameSync(part, target);
  // Observing needs rights and somebody to observe: the first one who does leaves the cache (packages/cli/bin/go3s.js).
  if (!warm || caches.some((file) => file.includes(`${id}-${cachedDataVersionTag()}`))) return;
  spawnSync(process.execPath, [join(root, "scripts", "warm.mjs")], { stdio: "ignore" });
}

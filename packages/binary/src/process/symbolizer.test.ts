import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openElf } from "../elf/read.js";
import { displayName } from "../symbols/display-name.js";
import { hasTool, run } from "../testing/go-program.js";
import { readMaps } from "./maps.js";
import { openModuleCache } from "./module-cache.js";
import { openProcessSymbolizer } from "./symbolizer.js";

/** The program tells where its function is and waits until it is killed; "memfd" makes it run from a file without a name. */
const source = `#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
volatile int sink;
static inline __attribute__((always_inline)) int inner(int n) {
  sink = n * 3;
  return sink;
}
__attribute__((noinline)) int handle(int n) { return inner(n) + 1; }
int main(int argc, char **argv, char **environment) {
  if (argc > 1 && strcmp(argv[1], "memfd") == 0) {
    static char bytes[1 << 20];
    int self = open("/proc/self/exe", O_RDONLY), copy = memfd_create("nameless", 0);
    long got = read(self, bytes, sizeof bytes);
    if (write(copy, bytes, got) != got) return 1;
    char *again[] = {"again", 0};
    fexecve(copy, again, environment);
    return 1;
  }
  printf("%p %d\\n", (void *)handle, handle(argc));
  fflush(stdout);
  while (getchar() != EOF) {}
  return 0;
}
`;

const cppSource = `#include <cstdio>
namespace shop { __attribute__((noinline)) int handle(int n) { return n * 3; } }
int main(int argc, char **) {
  printf("%p %d\\n", (void *)shop::handle, shop::handle(argc));
  fflush(stdout);
  while (getchar() != EOF) {}
}
`;

const compiler = ["gcc", "clang"].find(hasTool);
const skip = compiler === undefined ? "no C compiler is installed" : false;

interface Running extends AsyncDisposable {
  readonly pid: number;
  /** handle is the address of the program's function. */
  readonly handle: number;
}

async function start(command: string, args: readonly string[]): Promise<Running> {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const { stdout, pid } = child;
  assert.ok(stdout && pid !== undefined);
  const lines = createInterface({ input: stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    ended.then(() => ["ended before it said anything"]),
  ]);
  const found = /^0x([0-9a-f]+) /.exec(String(line));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  if (found === null) {
    await stop();
    throw new Error(`${command}: ${line}`);
  }
  return { pid, handle: Number.parseInt(found[1] ?? "", 16), [Symbol.asyncDispose]: stop };
}

interface Place extends Disposable {
  readonly folder: string;
  readonly program: string;
}

function build(flags: readonly string[]): Place {
  const folder = mkdtempSync(join(tmpdir(), "go3s-process-"));
  writeFileSync(join(folder, "handle.c"), source);
  run(compiler ?? "", ["-o", "program", ...flags, "handle.c"], folder);
  return {
    folder,
    program: join(folder, "program"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** addressOf finds an address inside the inlined code: the line 9 of the source, in the running process. */
function insideOf(running: Running, place: string): number {
  using symbolizer = openProcessSymbolizer(running.pid);
  for (let at = running.handle; at < running.handle + 64; at++) {
    if (symbolizer.frames(at)[0]?.inlined === true) return at;
  }
  throw new Error(`${place}: no inlined code found`);
}

test("a running program's addresses have function, inlined function, line and module", { skip }, async () => {
  using place = build(["-O2", "-g"]);
  await using running = await start(place.program, []);
  using symbolizer = openProcessSymbolizer(running.pid);
  const entry = symbolizer.frames(running.handle).at(-1);
  assert.deepEqual([entry?.name, entry?.offset, entry?.module], ["handle", 0, place.program]);
  const frames = symbolizer.frames(insideOf(running, "plain"));
  assert.deepEqual(
    frames.map((row) => [row.name, row.inlined, row.position?.file.endsWith("handle.c"), row.module]),
    [
      ["inner", true, true, place.program],
      ["handle", false, true, place.program],
    ],
  );
  assert.equal(frames[0]?.position?.line, 9);
  assert.equal(frames[1]?.position?.line, 12);
  // The return address of the last frame lies behind its call: the byte before is looked up.
  const stack = symbolizer.stack([running.handle, running.handle + 1]);
  const outer = stack.filter((row) => !row.inlined);
  assert.deepEqual([outer[0]?.address, outer[1]?.address], [entry?.address, entry?.address]);
  const [nowhere] = symbolizer.frames(16);
  assert.deepEqual([nowhere?.name, nowhere?.module, nowhere?.address], ["", "", undefined]);
  const heap = readMaps(running.pid).find((row) => row.path === "[stack]");
  assert.equal(symbolizer.frames(heap?.start ?? 0)[0]?.module, "[stack]");
});

test("a stripped program is named by its debug file, beside it or by build id, and by no other", {
  skip,
}, async () => {
  using place = build(["-O2", "-g", "-Wl,--build-id=sha1"]);
  const at = (name: string) => join(place.folder, name);
  run("objcopy", ["--only-keep-debug", "program", "program.debug"], place.folder);
  run("objcopy", ["--strip-all", "program", "bare"], place.folder);
  run("objcopy", ["--add-gnu-debuglink=program.debug", "bare", "linked"], place.folder);
  // A link without a build id leaves only the checksum to tell the files apart.
  run("objcopy", ["--remove-section=.note.gnu.build-id", "linked", "unidentified"], place.folder);
  const nameIn = async (program: string): Promise<string | undefined> => {
    await using running = await start(at(program), []);
    using symbolizer = openProcessSymbolizer(running.pid);
    return symbolizer.frames(running.handle).at(-1)?.name;
  };
  assert.equal(await nameIn("bare"), "", "nothing names it");
  assert.equal(await nameIn("linked"), "handle");
  assert.equal(await nameIn("unidentified"), "handle", "by checksum");
  mkdirSync(at(".debug"));
  renameSync(at("program.debug"), at(".debug/program.debug"));
  assert.equal(await nameIn("linked"), "handle", "in the folder .debug");
  run(
    "objcopy",
    ["--only-keep-debug", "--compress-debug-sections=zlib", "bare", ".debug/program.debug"],
    place.folder,
  );
  assert.equal(await nameIn("unidentified"), "", "another file of that name has another checksum");
});

test("deleted programs and those of memory alone are read all the same", {
  skip: skip || (process.getuid?.() === 0 ? false : "/proc/PID/map_files needs root"),
}, async () => {
  using place = build(["-O1", "-g"]);
  const doomed = join(place.folder, "doomed");
  copyFileSync(place.program, doomed);
  {
    await using running = await start(doomed, []);
    // Another program takes the name: by the path alone the wrong one would answer.
    rmSync(doomed);
    copyFileSync(process.execPath, doomed);
    using symbolizer = openProcessSymbolizer(running.pid);
    assert.equal(symbolizer.frames(running.handle).at(-1)?.name, "handle");
    rmSync(doomed);
  }
  await using running = await start(place.program, ["memfd"]);
  using symbolizer = openProcessSymbolizer(running.pid);
  const frame = symbolizer.frames(running.handle).at(-1);
  assert.deepEqual([frame?.name, frame?.module], ["handle", "/memfd:nameless"]);
});

test("a program in a mount namespace of its own is read there", {
  skip:
    skip ||
    (spawnSync("unshare", ["-m", "true"]).status === 0 ? false : "this user makes no mount namespaces"),
}, async () => {
  using place = build(["-O1", "-g"]);
  const hidden = join(place.folder, "hidden");
  mkdirSync(hidden);
  const script = 'mount -t tmpfs none "$1" && cp "$2" "$1/inside" && exec "$1/inside"';
  const args = ["-m", "sh", "-c", script, "sh", hidden, place.program];
  await using running = await start("unshare", args);
  assert.throws(() => openElf(join(hidden, "inside")), "this process does not see the file");
  using symbolizer = openProcessSymbolizer(running.pid);
  const frame = symbolizer.frames(running.handle).at(-1);
  assert.deepEqual(
    [frame?.name, frame?.module, frame?.position?.line],
    ["handle", join(hidden, "inside"), 12],
  );
});

test("processes share modules, and the cache keeps to its bound", { skip }, async () => {
  using place = build(["-O1", "-g", "-Wl,--build-id=sha1"]);
  const copy = join(place.folder, "copy");
  copyFileSync(place.program, copy);
  using cache = openModuleCache({ modules: 2 });
  await using first = await start(place.program, []);
  await using second = await start(copy, []);
  for (const running of [first, second]) {
    using symbolizer = openProcessSymbolizer(running.pid, cache);
    assert.equal(symbolizer.frames(running.handle).at(-1)?.name, "handle");
  }
  assert.equal(cache.count, 1, "two copies of one build are one module");
  using symbolizer = openProcessSymbolizer(first.pid, cache);
  for (const row of readMaps(first.pid)) symbolizer.frames(row.start);
  assert.ok(cache.count <= 2, `${cache.count} modules`);
  assert.equal(symbolizer.frames(first.handle).at(-1)?.name, "handle", "what was dropped is opened again");
});

test("C++ of another process is shown readably", {
  skip: hasTool("g++") ? false : "g++ is not installed",
}, async () => {
  using place = build(["-O1"]);
  writeFileSync(join(place.folder, "shop.cc"), cppSource);
  run("g++", ["-O1", "-o", "shop", "shop.cc"], place.folder);
  await using running = await start(join(place.folder, "shop"), []);
  using symbolizer = openProcessSymbolizer(running.pid);
  assert.equal(displayName(symbolizer.frames(running.handle).at(-1)?.name ?? ""), "shop::handle(int)");
});

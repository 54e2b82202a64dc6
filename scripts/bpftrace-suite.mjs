// Runs bpftrace's own run-time suite with `go3s bpftrace` in bpftrace's place, and prints how many cases of each file pass.
// The suite is not part of this repository: give a checkout of bpftrace's sources (any version since 0.17).
//
//   node scripts/bpftrace-suite.mjs ../bpftrace                       all cases; builds the suite's test programs first
//   node scripts/bpftrace-suite.mjs ../bpftrace --filter '^usdt\.'    cases whose FILE.NAME fits
//   node scripts/bpftrace-suite.mjs ../bpftrace --markdown            the table of docs/compatibility.md
//
// It needs root, cmake, gcc, g++, python3 with looseversion, and sys/sdt.h (systemtap-sdt-dev).
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    filter: { type: "string", default: "" },
    work: { type: "string" },
    markdown: { type: "boolean", default: false },
    once: { type: "boolean", default: false },
  },
});
const [given] = positionals;
if (given === undefined) {
  console.error(
    "usage: node scripts/bpftrace-suite.mjs CHECKOUT [--filter REGEX] [--work DIR] [--markdown] [--once]",
  );
  process.exit(2);
}
const main = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

const head = "cmake_minimum_required(VERSION 3.13)\nproject(suite C CXX)\n";
const byFolders = `${head}add_subdirectory(tests/testprogs)\nadd_subdirectory(tests/testlibs)\n`;
/** byFiles is for versions whose programs are built by the project's own CMakeLists.txt: each file is one. */
const byFiles = `${head}
set(CMAKE_C_FLAGS "-DHAVE_SYSTEMTAP_SYS_SDT_H=1 -g -O0 -no-pie -fno-pie -fno-omit-frame-pointer")
include_directories(tests/testlibs)
file(GLOB libs tests/testlibs/*.c)
foreach(file \${libs})
  get_filename_component(name \${file} NAME_WE)
  add_library(\${name} SHARED \${file})
  set_target_properties(\${name} PROPERTIES COMPILE_FLAGS -fPIC LIBRARY_OUTPUT_DIRECTORY \${CMAKE_BINARY_DIR}/tests/testlibs)
endforeach()
file(GLOB programs tests/testprogs/*.c)
foreach(file \${programs})
  get_filename_component(name \${file} NAME_WE)
  add_executable(\${name} \${file})
  target_link_libraries(\${name} pthread)
  set_target_properties(\${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY \${CMAKE_BINARY_DIR}/tests/testprogs)
endforeach()
target_link_libraries(usdt_lib usdt_tp)
`;

/** prepared gives a folder as the suite wants to find itself: runtime/, testprogs/ and testlibs/ beside each other. */
function prepared(checkout) {
  if (existsSync(join(checkout, "runtime/engine/main.py"))) return checkout;
  const tests = join(checkout, "tests");
  if (!existsSync(join(tests, "runtime/engine/main.py")))
    throw new Error(`${checkout} has no tests/runtime/engine: not a checkout of bpftrace`);
  const work = resolve(values.work ?? join(tmpdir(), `go3s-bpftrace-suite-${process.getuid()}`));
  if (existsSync(join(work, "runtime"))) return work;
  const source = join(work, "source");
  mkdirSync(join(source, "tests"), { recursive: true });
  for (const folder of ["testprogs", "testlibs", "include"].filter((each) => existsSync(join(tests, each))))
    cpSync(join(tests, folder), join(source, "tests", folder), { recursive: true });
  const listed = existsSync(join(source, "tests/testprogs/CMakeLists.txt"));
  writeFileSync(join(source, "CMakeLists.txt"), listed ? byFolders : byFiles);
  run("cmake", ["-S", source, "-B", join(work, "build")]);
  run("cmake", ["--build", join(work, "build"), "--parallel", "2"]);
  // The programs know where their libraries were built: these must be the same files.
  for (const folder of ["testprogs", "testlibs"])
    symlinkSync(join(work, "build/tests", folder), join(work, folder));
  cpSync(join(tests, "runtime"), join(work, "runtime"), { recursive: true });
  writeFileSync(join(work, "runtime/engine/cmake_vars.py"), "LIBBCC_BPF_CONTAINS_RUNTIME = False\n");
  return work;
}

/** shim is a folder with a "bpftrace" that is ours. */
function shim(folder) {
  const path = join(folder, "go3s-bin");
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "bpftrace"), `#!/bin/sh\nexec ${process.execPath} ${main} bpftrace "$@"\n`, {
    mode: 0o755,
  });
  return path;
}

/** suite runs the cases that fit and gives their results by FILE.NAME. */
function suite(folder, filter) {
  const bin = shim(folder);
  // Since 0.18 the variable names the program, before that its folder; and the filter is a pattern of names.
  const isOld = /fnmatch/.test(readFileSync(join(folder, "runtime/engine/main.py"), "utf8"));
  const env = {
    ...process.env,
    BPFTRACE_RUNTIME_TEST_EXECUTABLE: isOld ? bin : join(bin, "bpftrace"),
    RUNTIME_TEST_COLOR: "no",
  };
  const args = ["-u", "runtime/engine/main.py", ...(filter === "" ? [] : ["--filter", filter])];
  return new Promise((done, fail) => {
    const child = spawn("python3", args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    const results = new Map();
    let rest = "";
    child.stdout.on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const match =
          /^\[ *(RUN|OK|FAILED|SKIP|TIMEOUT) *\] +(\w[\w-]*\.[^\n]*?)(?: \(\d+ ms\)| \(.*\))?$/.exec(line);
        if (match === null) continue;
        const [, state, name] = match;
        if (state === "RUN") results.set(name, "RUN");
        else if (results.get(name) === "RUN") results.set(name, state);
      }
    });
    child.on("error", fail);
    child.on("close", () => done(results));
  });
}

const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const folder = prepared(resolve(given));
const results = await suite(folder, values.filter);
if (!values.once) {
  // A busy machine makes cases time out: those that failed are run once more, each alone.
  for (const [name, state] of [...results].filter(
    ([, each]) => each === "FAILED" || each === "TIMEOUT" || each === "RUN",
  )) {
    const again = await suite(
      folder,
      /fnmatch/.test(readFileSync(join(folder, "runtime/engine/main.py"), "utf8"))
        ? name.replace(/[[\]*?]/g, "?")
        : `^${escaped(name)}$`,
    );
    results.set(name, again.get(name) ?? state);
  }
}
const files = new Map();
for (const [name, state] of results) {
  const file = name.slice(0, name.indexOf("."));
  const row = files.get(file) ?? { all: 0, passed: 0, skipped: 0, failed: [] };
  row.all++;
  if (state === "OK") row.passed++;
  else if (state === "SKIP") row.skipped++;
  else row.failed.push(name.slice(file.length + 1));
  files.set(file, row);
}
const total = { all: 0, passed: 0, skipped: 0 };
if (values.markdown) console.log("| file | passed | skipped | of | failing |\n|---|---|---|---|---|");
for (const [file, row] of [...files].sort()) {
  for (const key of Object.keys(total)) total[key] += row[key];
  const failing = row.failed.join(", ");
  if (values.markdown) console.log(`| ${file} | ${row.passed} | ${row.skipped} | ${row.all} | ${failing} |`);
  else
    console.log(
      `${file.padEnd(16)} ${String(row.passed).padStart(4)} of ${String(row.all).padStart(4)}, ${row.skipped} skipped${failing === "" ? "" : `; failing: ${failing}`}`,
    );
}
console.log(
  `\n${total.passed} of ${total.all} pass, ${total.skipped} are skipped by the suite, ${total.all - total.passed - total.skipped} fail`,
);
process.exitCode = total.all === 0 ? 1 : 0;

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

// In the checkout, as node_modules: nobody else writes there, and it goes with it.
const kept = fileURLToPath(new URL("../../../../.cache/", import.meta.url));

/** namedPythons are those that GO3S_PYTHONS names as PATH does, to be tested besides the usual one: /usr/bin/python3.15:/usr/bin/python3.8. */
export const namedPythons: readonly string[] = (process.env["GO3S_PYTHONS"] ?? "")
  .split(delimiter)
  .filter((path) => path !== "");

/** FoundPython is a Python to test with, or what lacks for one: a test is left out for nothing else. */
export type FoundPython = { readonly python: string } | { readonly lacks: string };

// What pip and Maven say of a registry that does not answer, not of one that has not got what is asked for.
const unreachable =
  /after connection broken by|Max retries exceeded|Unknown host|Connection (?:refused|timed out|reset)|Network is unreachable|Temporary failure in name resolution/;

/**
 * pythonWith gives a Python that has these packages ("name==version"), installed once in a checkout. Throws when they cannot be installed though the
 * package index answers.
 */
export function pythonWith(packages: readonly string[], interpreter = "python3"): FoundPython {
  const about = spawnSync(interpreter, [
    "-c",
    "import ensurepip, sys, venv; print(sys.executable, sys.version)",
  ]);
  if (about.status !== 0) return { lacks: `needs ${interpreter} with venv` };
  const name = createHash("sha256")
    .update(about.stdout)
    .update(packages.join(" "))
    .digest("hex")
    .slice(0, 12);
  const folder = join(kept, `python-${name}`);
  const lacks = onceIn(folder, (made) => {
    run(interpreter, ["-m", "venv", made]);
    return run(join(made, "bin", "python"), [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--only-binary=:all:",
      ...packages,
    ]);
  });
  return lacks === undefined ? { python: join(folder, "bin", "python") } : { lacks };
}

/**
 * mavenPython gives a CPython by its version at Maven Central, "3.14.3-1.5.13": built with --enable-shared, as those of Docker's images. Throws when
 * it cannot be had though the registry answers.
 */
export function mavenPython(version: string): FoundPython {
  if (spawnSync("mvn", ["--version"]).status !== 0) return { lacks: "needs mvn" };
  const folder = join(kept, `cpython-${version}`);
  const [minor] = /^3\.\d+/.exec(version) ?? [];
  const program = "org/bytedeco/cpython/linux-x86_64/bin/python";
  const lacks = onceIn(folder, (made) => {
    // It keeps notes where it runs.
    const failed = run(
      "mvn",
      [
        "--batch-mode",
        "--quiet",
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack",
        `-Dartifact=org.bytedeco:cpython:${version}:jar:linux-x86_64`,
        `-DoutputDirectory=${made}`,
      ],
      made,
    );
    // An archive of Java has no rights.
    if (failed === undefined) chmodSync(join(made, `${program}${minor}`), 0o755);
    return failed;
  });
  return lacks === undefined ? { python: join(folder, `${program}${minor}`) } : { lacks };
}

/** onceIn fills a folder unless that was done before; it gives what `fill` says to be out of reach. */
function onceIn(folder: string, fill: (made: string) => string | undefined): string | undefined {
  if (existsSync(folder)) return undefined;
  mkdirSync(kept, { recursive: true });
  // Others may do the same meanwhile.
  const made = mkdtempSync(`${folder}-`);
  try {
    const lacks = fill(made);
    if (lacks === undefined && !existsSync(folder)) renameSync(made, folder);
    return lacks;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** run gives undefined when a command succeeds, what is out of its reach when that is why it did not; it throws what else went wrong. */
function run(command: string, arguments_: readonly string[], cwd?: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(command, arguments_, {
    encoding: "utf8",
    timeout: 180_000,
    cwd,
  });
  if (status === 0) return undefined;
  const said = `${stdout}${stderr}`;
  if (unreachable.test(said))
    return `needs the registry that ${command} installs from, which does not answer`;
  throw new Error(`${command} ${arguments_.join(" ")}: ${error?.message ?? said}`, { cause: error });
}

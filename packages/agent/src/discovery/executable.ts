import { basename } from "node:path";
import { BinaryError, openElf, readGoBuildInfo } from "@go3s/binary";
import { fileIdentity, isStaleProcess, withFile } from "@go3s/bpf";
import type { RuntimeFacts } from "./identity.js";
import { newKept } from "./kept.js";
import { hostProc, type ProcessFacts, type ProcSource } from "./proc.js";

/** Executable is what a program file says about itself, however many processes run it. */
export interface Executable {
  /** key is the file's identity (fileIdentity of @go3s/bpf). */
  readonly key: string;
  readonly runtime: RuntimeFacts | undefined;
  readonly isGo: boolean;
  /** goVersion as in build information, "go1.26.8"; empty for what is no Go program or hides it. */
  readonly goVersion: string;
  /** problem says why the file could not be read, "" otherwise; it costs fields, not the process. */
  readonly problem: string;
}

/** runtimeText names what runs a program: "go1.26.8", "nodejs", "" when it is unknown. */
export function runtimeText({ isGo, goVersion, runtime }: Executable): string {
  return isGo ? goVersion : (runtime?.name ?? "");
}

/** Executables reads program files once. */
export interface Executables {
  /** of describes a process's program; undefined when the process is gone. */
  of(facts: ProcessFacts): Executable | undefined;
}

// Known by name: what they run is not in the file.
const interpreters: readonly { readonly name: RegExp; readonly runtime: string }[] = [
  { name: /^node(?:js)?$/, runtime: "nodejs" },
  { name: /^python[\d.]*t?$/, runtime: "cpython" },
  { name: /^java$/, runtime: "jvm" },
  { name: /^ruby[\d.]*$/, runtime: "ruby" },
  { name: /^php[\d.]*(?:-fpm)?$/, runtime: "php" },
  { name: /^dotnet$/, runtime: "dotnet" },
];

// Program files of a machine that runs thousands of different ones; the oldest are forgotten.
const limit = 4096;

/** fileOfProgram gives the path of a program whose process may have ended; undefined when another file or none is there, as seen from here. */
export function fileOfProgram(
  executable: Executable,
  { executable: path }: ProcessFacts,
): string | undefined {
  try {
    return fileIdentity(path) === executable.key ? path : undefined;
  } catch {
    return undefined;
  }
}

/** newExecutables makes an empty cache. */
export function newExecutables(proc: ProcSource = hostProc): Executables {
  const known = newKept<Executable>(limit);
  return {
    of(facts) {
      // Through /proc, so that a container's file is found, and one that was replaced or deleted meanwhile.
      const path = `${proc.root}/${facts.pid}/exe`;
      let key: string;
      try {
        key = fileIdentity(path);
      } catch {
        return undefined;
      }
      const found = known.get(key);
      if (found !== undefined) return found;
      let made: Executable;
      try {
        made = withFile(path, key, (file) => describe(file, facts.executable, key));
      } catch (error) {
        if (!isStaleProcess(error)) throw error;
        return undefined;
      }
      known.set(key, made);
      return made;
    },
  };
}

function describe(path: string, name: string, key: string): Executable {
  const interpreter = interpreters.find((row) => row.name.test(basename(name)));
  if (interpreter !== undefined) {
    return {
      key,
      runtime: { name: interpreter.runtime, version: "" },
      isGo: false,
      goVersion: "",
      problem: "",
    };
  }
  try {
    using elf = openElf(path);
    const info = readGoBuildInfo(elf);
    if (info === undefined) return { key, runtime: undefined, isGo: false, goVersion: "", problem: "" };
    const version = info.goVersion.replace(/^go/, "");
    return { key, runtime: { name: "go", version }, isGo: true, goVersion: info.goVersion, problem: "" };
  } catch (error) {
    // A script's interpreter line, a 32-bit program, a file without read permission: no Go, and no error of ours.
    const problem =
      error instanceof BinaryError && error.code === "not-elf"
        ? ""
        : String(error instanceof Error ? error.message : error);
    return { key, runtime: undefined, isGo: false, goVersion: "", problem };
  }
}

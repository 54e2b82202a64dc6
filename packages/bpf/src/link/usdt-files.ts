import { readFileSync } from "node:fs";
import { BinaryError, openElf, usdtNotes } from "@go3s/binary";
import { BpfError } from "../errors.js";

function mappedCode(pid: number): string[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, "utf8");
  } catch (cause) {
    throw new BpfError("not-found", `the memory map of process ${pid} is not readable`, {
      hint: "the process must be there, and its owner be you or root's rights yours",
      cause,
    });
  }
  return [...new Set([...text.matchAll(/^\S+ ..x\S* .*?(\/.*)$/gm)].map((match) => match[1] ?? ""))];
}

/**
 * findUsdtFile gives the file, by way of the process's own root, that a process runs a USDT probe from: the program
 * or one of its libraries. Throws BpfError `not-found` with the files that were looked at.
 */
export function findUsdtFile(pid: number, provider: string, name: string): string {
  const files = mappedCode(pid);
  for (const file of files) {
    const path = `/proc/${pid}/root${file}`;
    try {
      using elf = openElf(path);
      if (usdtNotes(elf, { provider, name }).length > 0) return path;
    } catch (error) {
      // Deleted files, and mapped code that is no ELF file: another one may have the probe.
      if (!(error instanceof BinaryError)) throw error;
    }
  }
  throw new BpfError("not-found", `process ${pid} has no USDT probe ${provider}:${name}`, {
    hint: `looked into ${files.join(", ") || "nothing, for it maps no files"}`,
  });
}

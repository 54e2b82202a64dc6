import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LateShape } from "@go3s/lang";
import { errorText } from "./error-texts.js";
import type { Shown } from "./shown.js";
import { signalText } from "./signal-texts.js";

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** bufferText writes bytes as %r does: what can be printed as it is, the rest as \x00; or all of it in hex. */
export function bufferText(bytes: Uint8Array, form: "text" | "hex" | "spaced" = "text"): string {
  if (form === "spaced")
    return Buffer.from(bytes)
      .toString("hex")
      .replace(/..(?=.)/g, "$& ");
  return latin(bytes).replace(form === "text" ? /[^ -~]/g : /[\s\S]/g, (byte) => {
    return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** longestZeros finds the words of an IPv6 address that "::" stands for (RFC 5952: the longest run, of two at least). */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** addressText writes an IPv4 (family 2) or IPv6 (family 10) address as inet_ntop does. */
export function addressText(family: number, bytes: Uint8Array): string {
  if (family === 2) return [...bytes.subarray(0, 4)].join(".");
  if (family !== 10) return "";
  const words = Array.from({ length: 8 }, (_, i) => (bytes[i * 2] ?? 0) * 256 + (bytes[i * 2 + 1] ?? 0));
  const tail = [...bytes.subarray(12, 16)].join(".");
  const { start, length } = longestZeros(words);
  if (start === 0 && length === 6) return `::${tail}`;
  if (start === 0 && length === 5 && words[5] === 0xffff) return `::ffff:${tail}`;
  const hex = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(":");
  return start < 0 ? hex(words) : `${hex(words.slice(0, start))}::${hex(words.slice(start + length))}`;
}

const users = new Map<bigint, string>();

function userName(id: bigint): string {
  if (users.size === 0) {
    users.set(-1n, "");
    for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
      const [name = "", , number = ""] = line.split(":");
      if (/^\d+$/.test(number) && !users.has(BigInt(number))) users.set(BigInt(number), name);
    }
  }
  return users.get(id) ?? "";
}

/** folderOf finds the folder of a number below a mount; control groups are not many, and the search ends when it is found. */
function folderOf(root: string, number: bigint): string | undefined {
  const waiting = [""];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    try {
      if (statSync(join(root, path), { bigint: true }).ino === number) return path === "" ? "/" : path;
      for (const entry of readdirSync(join(root, path), { withFileTypes: true }))
        if (entry.isDirectory()) waiting.push(`${path}/${entry.name}`);
    } catch {
      // It went away while we looked.
    }
  }
  return undefined;
}

/** matches tells whether a name fits a pattern of * and ?. */
function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[^\w*?]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(name);
}

/** cgroupPath names a control group in every hierarchy that is mounted: `unified:/system.slice`. */
function cgroupPath(id: bigint, pattern: string | undefined): string {
  const found: string[] = [];
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [before = "", behind = ""] = line.split(" - ");
    const [type = "", , options = ""] = behind.split(" ");
    const root = before.split(" ")[4];
    if ((type !== "cgroup2" && type !== "cgroup") || root === undefined) continue;
    const name =
      type === "cgroup2"
        ? "unified"
        : (options
            .split(",")
            .at(-1)
            ?.replace(/^name=/, "") ?? "");
    if (pattern !== undefined && !matches(pattern, name)) continue;
    const path = folderOf(root, id & 0xffffffffn) ?? folderOf(root, id);
    if (path !== undefined) found.push(`${name}:${path}`);
  }
  return [...new Set(found)].join(",");
}

/** lateValue shows a value whose text is made now. */
export function lateValue(shape: LateShape, bytes: Uint8Array, offset: number): Shown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = view.getBigUint64(offset, true);
  const plain = (text: string): Shown => ({ text, json: text, order: text });
  switch (shape.show) {
    case "buf": {
      const length = Math.min(Number(word), shape.size - 8);
      const content = bytes.slice(offset + 8, offset + 8 + length);
      const text = bufferText(content);
      return { text, json: [...new Int8Array(content.buffer)], order: text, bytes: content };
    }
    case "inet":
      return plain(addressText(Number(word), bytes.subarray(offset + 8, offset + 24)));
    case "mac": {
      const parts = [...bytes.subarray(offset, offset + 6)];
      return plain(parts.map((part) => part.toString(16).padStart(2, "0").toUpperCase()).join(":"));
    }
    case "error":
      return plain(errorText(Number(BigInt.asIntN(64, word))));
    case "signal":
      return plain(signalText(Number(BigInt.asIntN(64, word))));
    case "cgroup":
      return plain(cgroupPath(word, shape.detail));
    case "user":
      return plain(userName(word));
  }
}

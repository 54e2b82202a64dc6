import { readFileSync } from "node:fs";

/** libc gives the file of the C library that this process uses, which is also that of the system's other programs. */
export function libc(): string {
  const found = /(\/\S*\/libc(?:-[\d.]+)?\.so\S*|\/\S*\/ld-musl\S*)$/m.exec(
    readFileSync("/proc/self/maps", "utf8"),
  )?.[1];
  if (found === undefined) throw new Error("this process uses no C library that can be found");
  return found;
}

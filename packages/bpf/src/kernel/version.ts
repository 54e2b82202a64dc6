import { release } from "node:os";

/** KernelRelease is the running kernel's release, as text and as numbers. */
export interface KernelRelease {
  readonly text: string;
  readonly version: readonly [major: number, minor: number];
}

/** kernelRelease gives the running kernel's release. */
export function kernelRelease(): KernelRelease {
  const text = release();
  const found = /^(\d+)\.(\d+)/.exec(text);
  return { text, version: [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)] };
}

/** kernelIsAtLeast tells whether the running kernel is major.minor or newer. */
export function kernelIsAtLeast(major: number, minor: number): boolean {
  const [a, b] = kernelRelease().version;
  return a > major || (a === major && b >= minor);
}

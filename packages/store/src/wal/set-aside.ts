import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { WalFileSystem } from "./file-system.js";
import { segmentFileName, segmentNumber } from "./segment.js";

/** ASIDE ends the names of whole segments that were set aside, `NUMBER-TIME.aside`: rows, or what is undecided. */
export const ASIDE = { rows: ".aside", undecided: ".undecided" } as const;

/** setSegmentAside moves a segment that cannot be used out of the log, and gives where it is. */
export async function setSegmentAside(
  fileSystem: WalFileSystem,
  path: string,
  damagedDirectory: string,
  kind: keyof typeof ASIDE,
): Promise<string> {
  const at = path.lastIndexOf("/");
  const name = path.slice(at + 1).replace(/\.wal$/, "");
  const aside = join(damagedDirectory, `${name}-${Date.now()}${ASIDE[kind]}`);
  await fileSystem.rename(path, aside);
  await fileSystem.syncDirectory(damagedDirectory);
  await fileSystem.syncDirectory(path.slice(0, at));
  return aside;
}

/**
 * offerAgain moves segments that an earlier run set aside back into their log, under numbers of their own: a new engine, a
 * mended disk or a later release may take them. Their tokens lie in their headers.
 */
export function offerAgain(directory: string, damagedDirectory: string, kind: keyof typeof ASIDE): void {
  const numbers = readdirSync(directory).map((name) => segmentNumber(name) ?? 0);
  let next = Math.max(0, ...numbers) + 1;
  for (const name of readdirSync(damagedDirectory).sort())
    if (name.endsWith(ASIDE[kind]))
      renameSync(join(damagedDirectory, name), join(directory, segmentFileName(next++)));
}

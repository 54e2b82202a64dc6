import { SIGNAL_NUMBERS } from "../signals.js";
import type { StoreBlock } from "../store-types.js";
import { realFileSystem } from "../wal/file-system.js";
import { WalWriter } from "../wal/writer.js";

/** writeLog leaves a log as a process leaves it that was killed before the engine had anything of it; gives its files. */
export async function writeLog(directory: string, blocks: readonly StoreBlock[]): Promise<string[]> {
  const paths: string[] = [];
  const writer = new WalWriter({
    fileSystem: realFileSystem,
    directory,
    firstNumber: 1,
    segmentBytesMax: 1 << 20,
    onSealed: ({ path }) => paths.push(path),
  });
  for (const { signal, rows, bytes } of blocks) {
    await writer.append([{ signal: SIGNAL_NUMBERS[signal], rows, bytes }]);
  }
  await writer.close();
  return paths;
}

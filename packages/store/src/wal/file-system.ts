import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** WalFile is one open file of the log; it owns a descriptor until close(). */
export interface WalFile {
  /** write puts all of the buffers at `position`; on an error any part of them may have been written. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** read fills as much of `into` as the file has from `position` on and gives the number of bytes. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** sync makes what was written durable; after it failed nothing may be assumed about the file's content. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** WalFileSystem is the log's only way to the disk, so that tests can put a faulty one in its place. */
export interface WalFileSystem {
  create(path: string): Promise<WalFile>;
  openRead(path: string): Promise<WalFile>;
  list(directory: string): Promise<string[]>;
  size(path: string): Promise<number>;
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** syncDirectory makes creations and removals in a directory durable. */
  syncDirectory(directory: string): Promise<void>;
}

/** IOV_MAX of Linux (include/uapi/linux/uio.h, UIO_MAXIOV): one writev takes no more buffers. */
const IOV_MAX = 1024;

async function writeAll(
  writev: (buffers: readonly Uint8Array[], position: number) => Promise<number>,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let pending = buffers;
  let at = position;
  while (pending.length > 0) {
    let written = await writev(pending.slice(0, IOV_MAX), at);
    at += written;
    let done = 0;
    let rest: Uint8Array | undefined;
    for (const buffer of pending) {
      if (written < buffer.length) {
        if (written > 0) rest = buffer.subarray(written);
        break;
      }
      written -= buffer.length;
      done++;
    }
    // A short write is not an error for the kernel: the rest is asked for again, and that call says why.
    pending = rest === undefined ? pending.slice(done) : [rest, ...pending.slice(done + 1)];
  }
}

async function openFile(path: string, flags: string): Promise<WalFile> {
  const handle = await open(path, flags, 0o600);
  return {
    write: (buffers, position) =>
      writeAll(async (some, at) => (await handle.writev(some, at)).bytesWritten, buffers, position),
    async read(into, position) {
      let filled = 0;
      while (filled < into.length) {
        const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    },
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

/** realFileSystem is the operating system's. */
export const realFileSystem: WalFileSystem = {
  create: (path) => openFile(path, "wx+"),
  openRead: (path) => openFile(path, "r"),
  list: async (directory) => (await readdir(directory)).sort(),
  size: async (path) => (await stat(path)).size,
  remove: (path) => rm(path, { force: true }),
  rename,
  async syncDirectory(directory) {
    const handle = await open(join(directory, "."), "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

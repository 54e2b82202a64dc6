import type { WalFile, WalFileSystem } from "../wal/file-system.js";

/** Faults are what a FaultyFileSystem does wrong, each as a chance per call between 0 and 1. */
export interface Faults {
  /** partialWrite fails a write with `errno` after a random part of it. */
  readonly partialWrite?: number;
  /** failedSync makes a sync fail with `errno` (EIO) and forgets what was not synced before. */
  readonly failedSync?: number;
  /** failedTruncate makes a truncate fail with EIO. */
  readonly failedTruncate?: number;
  /** failedDirectorySync makes the sync of a directory fail with EIO. */
  readonly failedDirectorySync?: number;
  readonly errno?: string;
}

interface Node {
  written: Buffer;
  /** durable is what a crash leaves for certain. */
  durable: Buffer;
}

/** random gives a repeatable stream of numbers in [0, 1): mulberry32, whose whole state is the seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function failure(errno: string): Error {
  return Object.assign(new Error(`${errno}: made by the test`), { code: errno });
}

/**
 * FaultyFileSystem keeps files in memory and misbehaves by a seed: writes that stop in the middle, syncs that
 * fail and lose their pages, and crashes that leave any prefix of what was not synced.
 */
export class FaultyFileSystem implements WalFileSystem {
  readonly files = new Map<string, Node>();
  readonly #chance: () => number;
  faults: Faults;
  /** spaceLeft bounds how many bytes can still be written before ENOSPC. */
  spaceLeft = Number.POSITIVE_INFINITY;

  constructor(seed: number, faults: Faults = {}) {
    this.#chance = random(seed);
    this.faults = faults;
  }

  #happens(chance: number | undefined): boolean {
    return chance !== undefined && this.#chance() < chance;
  }

  /** crash gives what the next life finds: of what was not synced, file by file, any part may be lost. */
  crash(): FaultyFileSystem {
    const next = new FaultyFileSystem(Math.floor(this.#chance() * 2 ** 32));
    for (const [path, node] of this.files) {
      const tail = node.written.subarray(node.durable.length);
      const kept = Buffer.from(tail.subarray(0, Math.floor(this.#chance() * (tail.length + 1))));
      // A page that never reached the disk reads as zeros when a later one did (ext4, delayed allocation).
      if (kept.length > 0 && this.#chance() < 0.3) kept.fill(0, 0, Math.floor(this.#chance() * kept.length));
      const bytes = Buffer.concat([node.durable, kept]);
      next.files.set(path, { written: bytes, durable: Buffer.from(bytes) });
    }
    return next;
  }

  #node(path: string): Node {
    const node = this.files.get(path);
    if (node === undefined) throw failure("ENOENT");
    return node;
  }

  #write(node: Node, buffers: readonly Uint8Array[], position: number): void {
    const bytes = Buffer.concat(buffers);
    let length = bytes.length;
    let errno: string | undefined;
    if (this.#happens(this.faults.partialWrite)) {
      length = Math.floor(this.#chance() * bytes.length);
      errno = this.faults.errno ?? "ENOSPC";
    }
    if (length > this.spaceLeft) {
      length = this.spaceLeft;
      errno = "ENOSPC";
    }
    this.spaceLeft -= length;
    const end = Math.max(node.written.length, position + length);
    const next = Buffer.alloc(end);
    node.written.copy(next);
    bytes.copy(next, position, 0, length);
    node.written = next;
    if (errno !== undefined) throw failure(errno);
  }

  #open(node: Node): WalFile {
    return {
      write: async (buffers, position) => this.#write(node, buffers, position),
      read: async (into, position) => node.written.copy(into, 0, position, position + into.length),
      sync: async () => {
        if (this.#happens(this.faults.failedSync)) {
          node.written = Buffer.from(node.durable);
          throw failure(this.faults.errno ?? "EIO");
        }
        node.durable = Buffer.from(node.written);
      },
      truncate: async (length) => {
        if (this.#happens(this.faults.failedTruncate)) throw failure("EIO");
        node.written = node.written.subarray(0, length);
        node.durable = node.durable.subarray(0, length);
      },
      close: async () => undefined,
    };
  }

  async create(path: string): Promise<WalFile> {
    if (this.files.has(path)) throw failure("EEXIST");
    const node = { written: Buffer.alloc(0), durable: Buffer.alloc(0) };
    this.files.set(path, node);
    return this.#open(node);
  }

  async openRead(path: string): Promise<WalFile> {
    return this.#open(this.#node(path));
  }

  async list(directory: string): Promise<string[]> {
    const names = [...this.files.keys()].filter((path) => path.startsWith(`${directory}/`));
    return names.map((path) => path.slice(directory.length + 1)).sort();
  }

  async size(path: string): Promise<number> {
    return this.#node(path).written.length;
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.#node(from));
    this.files.delete(from);
  }

  async syncDirectory(): Promise<void> {
    if (this.#happens(this.faults.failedDirectorySync)) throw failure("EIO");
    // Names are durable here as soon as they exist: the log never relies on anything else.
  }
}

import { openDebugFile, openDebugInfo, openElf } from "@go3s/binary";
import type { FindUserType } from "@go3s/lang";
import { CliError } from "./failure.js";

/** UserTypes are the types of an observed program. They hold its files open. */
export interface UserTypes extends Disposable {
  readonly find: FindUserType;
}

/** openUserTypes opens a program's debug information, its own or in a file beside it. */
export function openUserTypes(path: string): UserTypes {
  try {
    const elf = openElf(path);
    const debug = elf.section(".debug_info") === undefined ? (openDebugFile(elf, { path }) ?? elf) : elf;
    const info = openDebugInfo(debug);
    if (info === undefined) throw new Error("it has no debug information");
    return {
      find: (name) => info.type(name),
      [Symbol.dispose]() {
        info.close();
        if (debug !== elf) debug.close();
        elf.close();
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("file-unreadable", `cannot read the types of ${path}: ${why}`);
  }
}

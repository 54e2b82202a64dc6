import { lstatSync, readdirSync, rmdirSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  type LoadedObject,
  makePinFolder,
  type PinKind,
  pinName,
  pinObject,
  pinsBelow,
  unpin,
} from "@go3s/bpf";
import { CliError } from "../failure.js";
import type { Attached } from "./report.js";

/** Pinned is a pin that was made or removed. */
export interface Pinned {
  readonly kind: PinKind;
  readonly name: string;
  readonly path: string;
}

/** The folders below the one the user named, in the order in which pins are made and taken away. */
const FOLDERS: readonly (readonly [folder: string, kind: PinKind])[] = [
  ["links", "link"],
  ["programs", "program"],
  ["maps", "map"],
];

/** pinAll pins an object's maps and programs and their links below a folder; when one fails none is left. */
export function pinAll(object: LoadedObject, attached: readonly Attached[], folder: string): Pinned[] {
  const root = resolve(folder);
  const isNew = !exists(root);
  if (!isNew && readdirSync(root).length > 0)
    throw new CliError("usage", `--pin ${folder}: there are pins already`, `go3s unload --pin ${folder}`);
  const made: Pinned[] = [];
  const folders: string[] = [];
  try {
    if (isNew) folders.push(makePinFolder(root));
    const pin = (kind: PinKind, name: string, pinAt: (path: string) => string): void => {
      const below = join(root, FOLDERS.find((row) => row[1] === kind)?.[0] ?? "");
      if (!exists(below)) folders.push(makePinFolder(below));
      made.push({ kind, name, path: pinAt(join(below, pinName(name))) });
    };
    for (const [name, map] of object.maps) pin("map", name, (path) => pinObject(map, path));
    for (const [name, program] of object.programs) pin("program", name, (path) => pinObject(program, path));
    for (const { program, link } of attached) pin("link", program, (path) => link.pin(path));
    return made;
  } catch (error) {
    for (const { path } of made) unpin(path);
    for (const path of folders.reverse()) rmdirSync(path);
    throw error;
  }
}

/**
 * unpinAll takes away what pinAll made below a folder and gives what it took. A folder that holds anything else is
 * left as it is: throws `usage`.
 */
export function unpinAll(folder: string): Pinned[] {
  const root = resolve(folder);
  if (!exists(root)) throw new CliError("usage", `--pin ${folder}: there is no such folder`);
  const pins = pinsBelow(root);
  const strange = [
    ...readdirSync(root).filter((name) => !FOLDERS.some((row) => row[0] === name)),
    ...FOLDERS.flatMap(([below, kind]) =>
      exists(join(root, below))
        ? readdirSync(join(root, below))
            .map((name) => join(below, name))
            .filter((name) => pins.find((pin) => pin.path === join(root, name))?.kind !== kind)
        : [],
    ),
  ];
  if (strange.length > 0 || (pins.length === 0 && readdirSync(root).length === 0))
    throw new CliError(
      "usage",
      strange.length === 0
        ? `--pin ${folder}: nothing is pinned there`
        : `--pin ${folder} holds what go3s load did not pin: ${strange.join(", ")}`,
      strange.length === 0
        ? undefined
        : "nothing was removed; name the folder that was given to go3s load --pin",
    );
  const removed: Pinned[] = [];
  // Links first: programs stop running before their maps go.
  for (const [below, kind] of FOLDERS) {
    const place = join(root, below);
    if (!exists(place)) continue;
    for (const name of readdirSync(place).sort()) {
      unpin(join(place, name));
      removed.push({ kind, name, path: join(place, name) });
    }
    rmdirSync(place);
  }
  rmdirSync(root);
  return removed;
}

/** isPinnedByLoad tells whether a pin lies as pinAll lays them: below a folder named for its kind. */
export function isPinnedByLoad(path: string, kind: PinKind): boolean {
  const folder = FOLDERS.find((row) => row[1] === kind)?.[0];
  return folder !== undefined && new RegExp(`/[^/]+/${folder}/[^/]+$`).test(path);
}

function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

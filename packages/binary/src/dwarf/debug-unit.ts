import { BinaryError } from "../errors.js";
import { attribute } from "./constants.js";
import type { DebugFile } from "./debug-file.js";
import { numberOf, readDie, signatureOf, textOf } from "./die.js";
import type { Bases, Contribution, DebugUnit, Die } from "./model.js";
import { type Unit, unitKind } from "./unit-header.js";

/** headSize is read of each unit for its first entry; longer ones are read whole. */
const headSize = 512;

const noBases: Bases = { strings: 0, addresses: 0, rangeLists: 0, locationLists: 0, ranges: 0 };

function basesOf(unit: DebugUnit, root: Die | undefined): Bases {
  const { header, skeleton, contribution } = unit;
  const wide = header.offsetSize === 8;
  // The tables begin behind their headers: DWARF 5, sections 7.26 to 7.29. Split units have no attribute that says so.
  const inSplit = unit.file.isSplit && header.version >= 5;
  const given = (kind: number) => (root === undefined ? undefined : numberOf(root, kind));
  const behind = (header: number, start: number | undefined) => (start ?? 0) + (inSplit ? header : 0);
  return {
    strings:
      given(attribute.STR_OFFSETS_BASE) ??
      (header.version >= 5 && !unit.file.isSplit
        ? wide
          ? 16
          : 8
        : behind(wide ? 16 : 8, contribution?.stringOffsets)),
    addresses:
      skeleton?.bases().addresses ?? given(attribute.ADDR_BASE) ?? given(attribute.GNU_ADDR_BASE) ?? 0,
    rangeLists: given(attribute.RNGLISTS_BASE) ?? behind(wide ? 20 : 12, contribution?.rangeLists),
    locationLists: given(attribute.LOCLISTS_BASE) ?? behind(wide ? 20 : 12, contribution?.locations),
    ranges: skeleton === undefined ? 0 : (skeletonRanges(skeleton) ?? 0),
  };
}

function skeletonRanges(skeleton: DebugUnit): number | undefined {
  const root = skeleton.root();
  return root === undefined ? undefined : numberOf(root, attribute.GNU_RANGES_BASE);
}

function readRoot(unit: DebugUnit): Die | undefined {
  const { header, file } = unit;
  const length = header.end - header.start;
  const at = header.entries - header.start;
  if (length > headSize) {
    const head = file.info.piece(header.start, headSize);
    try {
      return readDie(unit, head, at);
    } catch (error) {
      // Its first entry is longer than the head: the whole unit decides whether it is broken.
      if (!(error instanceof BinaryError)) throw error;
    }
  }
  return readDie(unit, unit.bytes(), at);
}

/** UnitLinks are what a unit needs of others. */
export interface UnitLinks {
  readonly skeleton?: DebugUnit;
  readonly contribution?: Contribution;
  resolve(offset: number): Die | undefined;
  typeAt(signature: bigint): number | undefined;
}

/** openUnit makes a header into a unit. */
export function openUnit(file: DebugFile, header: Unit, links: UnitLinks): DebugUnit {
  const { skeleton, contribution } = links;
  let root: Die | undefined;
  let known = false;
  let bases: Bases | undefined;
  const self: DebugUnit = {
    file,
    header,
    skeleton,
    contribution,
    shapes: () => file.shapes(header, header.abbreviationsAt + (contribution?.abbreviations ?? 0)),
    bases() {
      if (bases === undefined) {
        // The first entry's numbers can be read without the bases it gives.
        bases = noBases;
        bases = basesOf(self, self.root());
      }
      return bases;
    },
    bytes: () => file.unitBytes(header),
    resolve: (offset) => links.resolve(offset),
    typeAt: (signature) => links.typeAt(signature),
    root() {
      if (!known) root = readRoot(self);
      known = true;
      return root;
    },
  };
  return self;
}

/** splitName tells which file holds a skeleton's entries; undefined for a unit that is no skeleton. */
export function splitName(
  unit: DebugUnit,
): { name: string; folder: string; id: bigint | undefined } | undefined {
  const root = unit.root();
  if (root === undefined || unit.file.isSplit) return undefined;
  const name = textOf(root, attribute.DWO_NAME) ?? textOf(root, attribute.GNU_DWO_NAME);
  if (name === undefined) return undefined;
  const id =
    unit.header.kind === unitKind.SKELETON ? unit.header.splitId : signatureOf(root, attribute.GNU_DWO_ID);
  return { name, folder: textOf(root, attribute.COMP_DIR) ?? "", id };
}

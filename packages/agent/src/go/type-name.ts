import { BinaryError, type ElfSection, type GoBinary } from "@go3s/binary";

// Where types lie, and what their names are counted from: since Go 1.27 in a section of their own; position-independent programs have
// them among what is relocated.
const sections = [".go.type", ".data.rel.ro.go.type", ".rodata", ".data.rel.ro"];
// internal/abi.Type up to Str; what is left out here is a hash or relocated.
const typeAt = { pointers: 8, align: 21, fieldAlign: 22, kind: 23, name: 40, size: 48 } as const;
const kindPointer = 22;
const kindMask = 31;

// An external linker may put something of C's in front: Go's part is aligned.
const furthestStart = 256;
const startAlign = 32;

/**
 * pointerTypeNames finds how a program's types say that they are the pointers of some names, as Go prints them ("*sarama.ConsumerMessage"):
 * the offsets in internal/abi.Type.Str, which are the same in the file and in every process. Two names at least make sure what they are counted
 * from. Undefined when not all of them have types.
 */
export function pointerTypeNames(binary: GoBinary, names: readonly string[]): readonly number[] | undefined {
  for (const each of sections) {
    const section = binary.elf.section(each);
    const data = section && dataOf(binary, section);
    if (data === undefined) continue;
    const places = names.map((name) => placesOf(data, name));
    for (let start = 0; start <= furthestStart; start += startAlign) {
      const found = places.map((ofName) => ofName.find((place) => hasType(data, place - start)));
      if (!found.includes(undefined)) return found.map((place) => (place ?? 0) - start);
    }
  }
  return undefined;
}

/** placesOf gives where a name may stand: flags, the length (one byte below 128; Go 1.17), the text. */
function placesOf(data: Buffer, name: string): number[] {
  const wanted = Buffer.from(String.fromCharCode(name.length) + name, "latin1");
  const places: number[] = [];
  for (let at = data.indexOf(wanted); at > 0; at = data.indexOf(wanted, at + 1)) places.push(at - 1);
  return places;
}

function dataOf({ elf }: GoBinary, section: ElfSection): Buffer | undefined {
  try {
    const data = elf.data(section);
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  } catch (error) {
    if (error instanceof BinaryError) return undefined;
    throw error;
  }
}

/** hasType says whether a pointer's type has the name at an offset. */
function hasType(data: Buffer, name: number): boolean {
  if (name < 0) return false;
  const word = Buffer.alloc(4);
  word.writeUInt32LE(name);
  for (let at = data.indexOf(word); at >= 0; at = data.indexOf(word, at + 1)) {
    const type = at - typeAt.name;
    if (type < 0 || type % 8 !== 0 || type + typeAt.size > data.length) continue;
    if ((data.readUInt8(type + typeAt.kind) & kindMask) !== kindPointer) continue;
    const isPointer =
      data.readBigUInt64LE(type) === 8n &&
      data.readBigUInt64LE(type + typeAt.pointers) === 8n &&
      data.readUInt8(type + typeAt.align) === 8 &&
      data.readUInt8(type + typeAt.fieldAlign) === 8;
    if (isPointer) return true;
  }
  return false;
}

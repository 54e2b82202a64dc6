import { Decompress } from "fzstd";

// RFC 8878, sections 3.1.1 and 3.1.2.
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const rawBlock = 0;
const rleBlock = 1;
const reservedBlock = 3;
// What a decoder is asked to support at least (section 3.1.1.1.2); senders of telemetry stay far below.
const windowBytes = 8 << 20;

/** ZstdError says why bytes are not taken as Zstandard; `tooLarge` for what would pass the limit. */
export class ZstdError extends Error {
  readonly tooLarge: boolean;

  constructor(message: string, tooLarge = false) {
    super(message);
    this.name = "ZstdError";
    this.tooLarge = tooLarge;
  }
}

/**
 * unzstd decompresses Zstandard frames to at most `limit` bytes. The heads of all frames are read before: a window or a
 * content that is larger is refused before memory is taken for it. Throws ZstdError.
 */
export function unzstd(bytes: Uint8Array, limit: number): Buffer {
  checkFrames(bytes, limit);
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((part) => {
    length += part.length;
    if (length > limit) throw new ZstdError(`more than ${limit} bytes`, true);
    parts.push(part.slice());
  });
  try {
    stream.push(bytes, true);
  } catch (error) {
    if (error instanceof ZstdError) throw error;
    throw new ZstdError(error instanceof Error ? error.message : String(error));
  }
  return Buffer.concat(parts, length);
}

function checkFrames(bytes: Uint8Array, limit: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let frames = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) throw new ZstdError(`a frame's head is cut off at byte ${at}`);
    const magic = view.getUint32(at, true);
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) at += 8 + view.getUint32(at + 4, true);
    else if (magic === frameMagic) {
      at = checkFrame(view, at, limit);
      frames++;
    } else throw new ZstdError(`no frame begins at byte ${at}`);
  }
  if (frames === 0) throw new ZstdError("there is no frame");
}

/** checkFrame gives the offset behind a frame. */
function checkFrame(view: DataView, start: number, limit: number): number {
  const byte = (at: number): number => {
    if (at >= view.byteLength) throw new ZstdError(`the frame at byte ${start} is cut off`);
    return view.getUint8(at);
  };
  const descriptor = byte(start + 4);
  const isSingle = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 4) !== 0;
  let at = start + 5;
  if (!isSingle) {
    const window = byte(at++);
    const base = 2 ** (10 + (window >> 3));
    const size = base + (base / 8) * (window & 7);
    if (size > windowBytes) throw new ZstdError(`a window of ${size} bytes, ${windowBytes} are taken`, true);
  }
  at += [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  byte(at + Math.max(sizeBytes, 1) - 1);
  const content =
    sizeBytes === 8
      ? Number(view.getBigUint64(at, true))
      : sizeBytes === 4
        ? view.getUint32(at, true)
        : sizeBytes === 2
          ? view.getUint16(at, true) + 256
          : sizeBytes === 1
            ? byte(at)
            : 0;
  if (content > limit) throw new ZstdError(`${content} bytes, ${limit} are taken`, true);
  at += sizeBytes;
  for (;;) {
    const head = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16);
    const type = (head >> 1) & 3;
    const size = head >> 3;
    if (type === reservedBlock) throw new ZstdError(`an unknown block at byte ${at}`);
    at += 3 + (type === rleBlock ? 1 : size);
    if (type !== rawBlock && type !== rleBlock && size === 0)
      throw new ZstdError(`an empty block at byte ${at}`);
    if (at > view.byteLength) throw new ZstdError(`the frame at byte ${start} is cut off`);
    if ((head & 1) !== 0) break;
  }
  if (hasChecksum) at += 4;
  if (at > view.byteLength) throw new ZstdError(`the frame at byte ${start} is cut off`);
  return at;
}

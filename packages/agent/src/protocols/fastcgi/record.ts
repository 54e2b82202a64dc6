// FastCGI's records (FastCGI Specification 1.0, sections 3.3 and 8; https://fastcgi-archives.github.io/FastCGI_Specification.html).

import { u16 } from "../text.js";

export const RecordType = {
  beginRequest: 1,
  abortRequest: 2,
  endRequest: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknownType: 11,
} as const;

/** Those that a web server sends, and those that an application answers with. */
const asking: ReadonlySet<number> = new Set([
  RecordType.beginRequest,
  RecordType.abortRequest,
  RecordType.params,
  RecordType.stdin,
  RecordType.data,
  RecordType.getValues,
]);
const answering: ReadonlySet<number> = new Set([
  RecordType.endRequest,
  RecordType.stdout,
  RecordType.stderr,
  RecordType.getValuesResult,
  RecordType.unknownType,
]);

export const headerSize = 8;
/** What BEGIN_REQUEST and END_REQUEST have behind their headers. */
export const bodySize = 8;
const version = 1;
const roles = { responder: 1, filter: 3 } as const;

/** recordLength gives a record's length with its padding, 0 when more bytes are needed, -1 when it is none. */
export function recordLength(bytes: Uint8Array, start: number, end: number, isAnswer: boolean): number {
  if (end <= start) return 0;
  if (bytes[start] !== version) return -1;
  if (end - start < headerSize) return 0;
  const type = bytes[start + 1];
  if (!(isAnswer ? answering : asking).has(type)) return -1;
  const length = contentLength(bytes, start);
  const isFixed = type === RecordType.beginRequest || type === RecordType.endRequest;
  if (isFixed && length !== bodySize) return -1;
  return headerSize + length + bytes[start + 6];
}

export const requestId = (bytes: Uint8Array, start: number): number => u16(bytes, start + 2);
export const contentLength = (bytes: Uint8Array, start: number): number => u16(bytes, start + 4);

/** beginsRequest says whether a write begins with BEGIN_REQUEST, as far as it was captured. */
export function beginsRequest(bytes: Uint8Array, start: number, end: number): boolean {
  if (recordLength(bytes, start, end, false) <= 0 || bytes[start + 1] !== RecordType.beginRequest)
    return false;
  if (requestId(bytes, start) === 0 || bytes[start + 7] !== 0) return false;
  if (end - start < headerSize + 2) return true;
  const role = u16(bytes, start + headerSize);
  return role >= roles.responder && role <= roles.filter;
}

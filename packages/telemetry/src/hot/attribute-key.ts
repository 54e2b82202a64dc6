/** AttributeKey is an attribute's name, encoded once, for the batch writers. */
export interface AttributeKey {
  readonly name: string;
  /** The KeyValue message's first field: tag, length, name. */
  readonly encoded: Uint8Array;
}

const KEY_TAG = (1 << 3) | 2;

/** attributeKey encodes a name (at most 16,383 bytes of UTF-8) for use with SpanWriter and LogWriter. */
export function attributeKey(name: string): AttributeKey {
  const text = Buffer.from(name, "utf8");
  if (text.length > 0x3fff) throw new RangeError(`an attribute name of ${text.length} bytes is too long`);
  const head =
    text.length < 0x80 ? [KEY_TAG, text.length] : [KEY_TAG, (text.length & 0x7f) | 0x80, text.length >> 7];
  return { name, encoded: Uint8Array.from([...head, ...text]) };
}

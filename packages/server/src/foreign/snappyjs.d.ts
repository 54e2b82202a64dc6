declare module "snappyjs" {
  /** Throws an Error for bytes that are not Snappy, and for what would be longer than `maxLength`. */
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
  export function compress(bytes: Uint8Array): Uint8Array;
}

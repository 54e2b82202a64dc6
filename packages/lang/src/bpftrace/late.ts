/** LateKind is what the bytes of a late value are. */
export type LateKind = "buf" | "inet" | "mac" | "error" | "signal" | "cgroup" | "user";

/**
 * LateShape is a value that only becomes text when it is printed: what it takes in the kernel is an address, a number or
 * bytes, and what they are called is looked up later.
 */
export interface LateShape {
  readonly kind: "late";
  readonly show: LateKind;
  /** size in bytes: buf has its length before the bytes, inet its family before the address; others are one word. */
  readonly size: number;
  /** detail: the pattern of cgroup_path(). */
  readonly detail?: string;
}

/** lateType is how a late value is kept in the generated program. */
export function lateType({ show, size }: LateShape): string {
  return show === "buf" || show === "inet" ? `struct { N uint64; B [${size - 8}]byte }` : "uint64";
}

/** isWord tells that a late value is one number. */
export function isWord({ show }: LateShape): boolean {
  return show !== "buf" && show !== "inet";
}

const titles: Readonly<Record<LateKind, string>> = {
  buf: "a buffer",
  inet: "an address of the internet",
  mac: "a hardware address",
  error: "an error's text",
  signal: "a signal's name",
  cgroup: "a cgroup's path",
  user: "a user's name",
};

/** lateTitle names it for people. */
export function lateTitle({ show }: LateShape): string {
  return titles[show];
}

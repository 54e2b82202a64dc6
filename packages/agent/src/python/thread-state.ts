/**
 * StateAccess is how code finds a thread's PyThreadState, a thread-local variable: `direct` bytes from the thread's own block; at the distance that
 * the word at `distance` has; or by the pair of module and distance at `pair`, and `behind` bytes on.
 */
export type StateAccess =
  | { readonly direct: number }
  | { readonly distance: number }
  | { readonly pair: number; readonly behind: number };

const frame = "(?:55(?:4889e5)?|50|4883ec08)?";
const unframe = "(?:5d|59|c9|4883c408)?";

// The ways of the x86-64 ABI for thread-local storage: a program has the first for its own, a library one of the others.
const localExec = /^(?:f30f1efa)?64488b0425(.{8})c3/;
const initialExec = /^((?:f30f1efa)?488b05)(.{8})64488b00c3/;
const dynamic = new RegExp(
  `^((?:f30f1efa)?${frame}(?:66)?488d3d)(.{8})(?:66)*(?:48)?(?:e8|ff15).{8}${unframe}488b(?:00|40(..)|80(.{8}))${unframe}c3`,
);

const signed = (hex: string): number => {
  const bytes = Buffer.from(hex, "hex");
  return bytes.readIntLE(0, bytes.length);
};

/** stateAccess reads it from the code of PyGILState_GetThisThreadState; undefined where that is another. It gives the PyThreadState of a thread that waits without the GIL, too. */
export function stateAccess(code: Uint8Array, address: number): StateAccess | undefined {
  const hex = Buffer.from(code).toString("hex");
  const direct = localExec.exec(hex)?.[1];
  if (direct !== undefined) return { direct: signed(direct) };
  // What is relative is so to the end of the instruction, which its distance ends.
  const target = (before: string, relative: string): number =>
    address + before.length / 2 + 4 + signed(relative);
  const [, before = "", distance] = initialExec.exec(hex) ?? [];
  if (distance !== undefined) return { distance: target(before, distance) };
  const [, front = "", pair, short, long] = dynamic.exec(hex) ?? [];
  if (pair === undefined) return undefined;
  return { pair: target(front, pair), behind: signed(short ?? long ?? "00") };
}

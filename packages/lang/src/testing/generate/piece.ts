/**
 * Piece is a part of a generated program: text and parts within. What fails is made smaller by taking optional pieces
 * out and by putting one of `instead` in a piece's place, which are of its type.
 */
export interface Piece {
  parts: readonly (string | Piece)[];
  readonly optional: boolean;
  readonly instead: readonly (string | Piece)[];
}

/** piece makes a part that must stay. */
export function piece(...parts: readonly (string | Piece)[]): Piece {
  return { parts, optional: false, instead: [] };
}

/** optional makes a part that the program can do without. */
export function optional(...parts: readonly (string | Piece)[]): Piece {
  return { parts, optional: true, instead: [] };
}

/** replaceable makes a part that others of its type could stand for. */
export function replaceable(
  instead: readonly (string | Piece)[],
  ...parts: readonly (string | Piece)[]
): Piece {
  return { parts, optional: false, instead };
}

/** textOf writes a piece. */
export function textOf(of: string | Piece): string {
  return typeof of === "string" ? of : of.parts.map(textOf).join("");
}

/** all gives a piece and those within, outermost first. */
function* all(of: Piece): Generator<Piece> {
  yield of;
  for (const part of of.parts) if (typeof part !== "string") yield* all(part);
}

/**
 * shrink makes a program smaller while `fails` says that the text still fails, until nothing more can go or `tries` are
 * used up. The piece is changed.
 */
export function shrink(program: Piece, fails: (text: string) => boolean, tries = 2000): string {
  let left = tries;
  for (let changed = true; changed && left > 0; ) {
    changed = false;
    for (const each of all(program)) {
      const ways = [...(each.optional ? [[]] : []), ...each.instead.map((one) => [one])];
      for (const way of ways) {
        const before = each.parts;
        if (before.length === way.length && before.every((part, i) => part === way[i])) continue;
        each.parts = way;
        if (left-- > 0 && fails(textOf(program))) {
          changed = true;
          break;
        }
        each.parts = before;
      }
      if (left <= 0) break;
    }
  }
  return textOf(program);
}

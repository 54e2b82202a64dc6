/** Point is a place on the map. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const text = (point: Point): string => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`;

// The layout gives splines as cubic Bézier points: one start, then threes; anything else is a line of straight pieces.
const isSpline = (points: readonly Point[]): boolean => points.length > 3 && (points.length - 1) % 3 === 0;

/** pathOf prints a line for SVG. */
export function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  if (!isSpline(points)) return `M${text(first)}${rest.map((point) => `L${text(point)}`).join("")}`;
  let path = `M${text(first)}`;
  for (let at = 0; at + 2 < rest.length; at += 3)
    path += `C${rest
      .slice(at, at + 3)
      .map(text)
      .join(" ")}`;
  return path;
}

/** pointAt gives the place at a share (0…1) of a line's pieces. */
export function pointAt(points: readonly Point[], share: number): Point {
  const size = isSpline(points) ? 3 : 1;
  const pieces = Math.max(1, Math.floor((points.length - 1) / size));
  const piece = Math.min(pieces - 1, Math.floor(share * pieces));
  const t = share * pieces - piece;
  const [a, b, c, d] = points.slice(piece * size, piece * size + size + 1);
  if (a === undefined || b === undefined) return a ?? { x: 0, y: 0 };
  if (c === undefined || d === undefined) return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
  const u = 1 - t;
  const along = (axis: "x" | "y") =>
    u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis];
  return { x: along("x"), y: along("y") };
}

const tries = [0.5, 0.68, 0.34, 0.8, 0.22, 0.6, 0.42];
// A label is two lines of about nine characters.
const wide = 62;
const tall = 32;

/** labelPlaces finds a place for each line's label where no earlier label stands; a crowd overlaps at the middle. */
export function labelPlaces(lines: ReadonlyMap<string, readonly Point[]>): ReadonlyMap<string, Point> {
  const taken: Point[] = [];
  const places = new Map<string, Point>();
  for (const [id, points] of lines) {
    const free = (place: Point) =>
      !taken.some((other) => Math.abs(other.x - place.x) < wide && Math.abs(other.y - place.y) < tall);
    const candidates = tries.map((share) => pointAt(points, share));
    const place = candidates.find(free) ?? candidates[0] ?? { x: 0, y: 0 };
    taken.push(place);
    places.set(id, place);
  }
  return places;
}

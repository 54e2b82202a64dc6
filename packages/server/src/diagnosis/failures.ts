import type { SpanRow } from "./model.js";
import type { Tree } from "./request-path.js";
import { targetOf } from "./request-path.js";

/** Origin is where a failure began: the deepest span that failed. */
export interface Origin {
  readonly kind: "failure" | "dependency" | "network";
  readonly service: string;
  readonly operation: string;
  readonly target: string;
  readonly message: string;
}

/** OriginChange is an origin and how many of the failing requests it has. */
export interface OriginChange extends Origin {
  readonly count: number;
  readonly share: number;
}

const deepest = 200;

/** formOf takes out of a text what differs from one to the next: numbers, ids, what is quoted. */
export function formOf(text: string): string {
  return text
    .slice(0, 300)
    .replaceAll(/"[^"]*"|'[^']*'/g, "…")
    .replaceAll(/\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b|\b0x[0-9a-f]+\b|\d+(?:\.\d+)*/gi, "#");
}

/** originOf follows what failed from a request down to where it began; undefined when the request did not fail. */
export function originOf(root: SpanRow, tree: Tree): Origin | undefined {
  if (!root.failed) return undefined;
  let at = root;
  for (let depth = 0; depth < deepest; depth++) {
    const kids = (tree.get(`${at.trace}${at.span}`) ?? []).filter((kid) => kid.failed);
    // Of several that failed the last decided: what was tried again before it did not.
    const last = kids.reduce<SpanRow | undefined>(
      (found, kid) => (found === undefined || kid.startNs + kid.ns > found.startNs + found.ns ? kid : found),
      undefined,
    );
    if (last === undefined) break;
    at = last;
  }
  const isCall = at.kind === "CLIENT" || at.kind === "PRODUCER";
  const answered = (tree.get(`${at.trace}${at.span}`) ?? []).find((kid) => kid.service !== at.service);
  return {
    kind: !isCall ? "failure" : answered === undefined ? "dependency" : "network",
    service: at.service,
    operation: at.operation,
    target: isCall ? targetOf(at, answered) : "",
    message: formOf(at.message),
  };
}

/** originChanges counts where failures begin, commonest first. */
export function originChanges(origins: readonly Origin[]): readonly OriginChange[] {
  const counts = new Map<string, { origin: Origin; count: number }>();
  for (const origin of origins) {
    const at = [origin.kind, origin.service, origin.operation, origin.target, origin.message].join("\n");
    const known = counts.get(at);
    if (known === undefined) counts.set(at, { origin, count: 1 });
    else known.count++;
  }
  return [...counts.values()]
    .map(({ origin, count }) => ({ ...origin, count, share: count / origins.length }))
    .sort((a, b) => b.count - a.count);
}

// What made answers have in common: figures by a fixed seed, so that a picture can be compared with the last one.
import type { Red } from "@go3s/server";

// Answers in exactly the server's shape, for the browser tests of what no store is needed for: states, keys, layout.
// Figures are made by a fixed seed, so that a picture can be compared with the last one.

/** seeded gives numbers 0…1 that are the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** serviceNames of the made shop. */
export const serviceNames = [
  "frontend",
  "checkout",
  "cart",
  "payment",
  "catalog",
  "shipping",
  "currency",
  "email",
  "recommendation",
  "inventory",
] as const;

/** hostile is a text that tries to be markup, to turn the reading direction and to hide. */
export const hostile =
  '<img src=x onerror="window.__hacked=1">\u202eevil\u0007<script>window.__hacked=1</script>';

/** buckets is how many points a made series has. */
export const buckets = 60;

/** rangeOf is the hour before a moment. */
export const rangeOf = (at: number) => ({ from_ms: at - 3_600_000, to_ms: at });

/** bucketsOf divides that hour into minutes. */
export const bucketsOf = (at: number) => ({ start_ms: at - 3_600_000, step_ms: 60_000, count: buckets });

/** red makes a service's figures; `scale` is how busy it is. */
export function red(random: () => number, scale: number): Red {
  const requests = Math.round(3600 * scale * (0.5 + random()));
  const errors = random() < 0.4 ? Math.round(requests * random() * 0.05) : 0;
  const p50 = 2e6 * (0.5 + random() * 8);
  return {
    requests,
    rate: requests / 3600,
    errors,
    error_share: requests === 0 ? 0 : errors / requests,
    p50_ns: Math.round(p50),
    p95_ns: Math.round(p50 * (2 + random())),
    p99_ns: Math.round(p50 * (4 + random() * 6)),
  };
}

/** wave makes a series around a level that is `bump` times as high in its last minutes. */
export const wave = (random: () => number, level: number, bump = 1): number[] =>
  Array.from({ length: buckets }, (_, at) => level * (0.8 + 0.4 * random()) * (at > buckets - 9 ? bump : 1));

/** traceId makes the id of a trace from its number. */
export const traceId = (index: number): string => (index + 1).toString(16).padStart(32, "a");

/** spanId makes the id of a span from its number. */
export const spanId = (index: number): string => (index + 1).toString(16).padStart(16, "b");

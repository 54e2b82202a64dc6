import type { JSX } from "preact";

/** sparkPath draws values 0…max into a box of `count` by 20; a gap (null) lifts the pen. */
export function sparkPath(values: readonly (number | null)[], height = 20): string {
  const max = Math.max(...values.map((value) => value ?? 0), 0);
  if (max <= 0) return "";
  let path = "";
  let pen = false;
  values.forEach((value, at) => {
    if (value === null) {
      pen = false;
      return;
    }
    path += `${pen ? "L" : "M"}${at} ${(height - 1 - (value / max) * (height - 2)).toFixed(1)}`;
    pen = true;
  });
  return path;
}

/** Sparkline shows the course of one figure; its words carry the same to readers. */
export function Sparkline({
  values,
  label,
  bad = false,
}: {
  values: readonly (number | null)[];
  label: string;
  bad?: boolean;
}): JSX.Element {
  const path = sparkPath(values);
  const last = Math.max(1, values.length - 1);
  const solid = values.every((value) => value !== null);
  return (
    <svg
      class={`spark${bad ? " bad" : ""}`}
      viewBox={`0 0 ${last} 20`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {path === "" || !solid ? null : <path class="area" d={`${path}L${last} 20L0 20Z`} />}
      {path === "" ? null : <path d={path} />}
    </svg>
  );
}

import type { View } from "./draw.js";

/** zoomed scales a view about a place in it (0…1), never narrower than 100 ns nor wider than the trace. */
export function zoomed(view: View, share: number, factor: number, duration: number): View {
  const span = Math.min(duration, Math.max(Math.min(100, duration), (view.to - view.from) * factor));
  const centre = view.from + (view.to - view.from) * share;
  return moved({ from: centre - span * share, to: centre + span * (1 - share) }, 0, duration);
}

/** moved shifts a view and keeps it inside the trace. */
export function moved(view: View, by: number, duration: number): View {
  const span = view.to - view.from;
  const from = Math.min(duration - span, Math.max(0, view.from + by));
  return { from, to: from + span };
}

import type { VectorSelector } from "./ast.js";
import { firstAfter } from "./ranged.js";
import { momentAt, type QueryTimes } from "./selection.js";
import { type Grid, newPoints, type Points, type Samples, setPoint } from "./series.js";

/** newest gives the newest sample of each series that is not older than the lookback, or its time. */
export function newest(
  stored: readonly Samples[],
  selector: VectorSelector,
  grid: Grid,
  query: QueryTimes,
  times: boolean,
): Points[] {
  return stored.map((samples) => {
    const points = newPoints(samples.labels, grid.count);
    let next = 0;
    let before = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < grid.count; i++) {
      const moment = momentAt(selector, grid, i, query);
      if (moment < before) next = 0;
      before = moment;
      while (next < samples.times.length && (samples.times[next] ?? 0) <= moment) next++;
      const time = samples.times[next - 1];
      if (time === undefined || time <= moment - query.lookback || samples.stale?.[next - 1] === 1) continue;
      setPoint(points, i, times ? time / 1000 : (samples.values[next - 1] ?? Number.NaN));
    }
    return points;
  });
}

/** smoothed interpolates between the samples around each step; what is stale among them is left out before. */
export function smoothed(
  fresh: readonly Samples[],
  selector: VectorSelector,
  grid: Grid,
  query: QueryTimes,
): Points[] {
  return fresh.map(({ labels, times, values }) => {
    const points = newPoints(labels, grid.count);
    for (let i = 0; i < grid.count; i++) {
      const moment = momentAt(selector, grid, i, query);
      const after = firstAfter(times, moment - 1, 0);
      const [time, value] = [times[after], values[after]];
      const [timeBefore, valueBefore] = [times[after - 1], values[after - 1]];
      if (time === moment && value !== undefined) setPoint(points, i, value);
      else if (
        timeBefore === undefined ||
        valueBefore === undefined ||
        timeBefore <= moment - query.lookback
      ) {
        // Nothing came before: nothing to begin the line with.
      } else if (time === undefined || value === undefined || time > moment + query.lookback) {
        setPoint(points, i, valueBefore);
      } else {
        setPoint(
          points,
          i,
          valueBefore + ((value - valueBefore) * (moment - timeBefore)) / (time - timeBefore),
        );
      }
    }
    return points;
  });
}

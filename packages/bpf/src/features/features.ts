import { hookRows } from "./hooks.js";
import { kernelHookRows } from "./kernel-hooks.js";
import { mapTypeRows } from "./map-types.js";
import { networkHookRows } from "./network-hooks.js";
import { programTypeRows } from "./program-types.js";
import { type FeatureGroup, type FeatureResult, type FeatureRow, probeRow } from "./row.js";
import { systemRows } from "./system.js";

/** featureRows is everything there is to ask about, in the order of a report. */
export const featureRows: readonly FeatureRow[] = [
  ...systemRows,
  ...hookRows,
  ...kernelHookRows,
  ...networkHookRows,
  ...programTypeRows,
  ...mapTypeRows,
];

/**
 * probeFeatures asks the kernel about all rows, or those of some groups. It makes and closes small maps,
 * programs and links; the hooks take about 0.4 s, for detaching from perf events waits for the kernel.
 */
export function probeFeatures(groups?: readonly FeatureGroup[]): FeatureResult[] {
  return featureRows.filter((row) => groups === undefined || groups.includes(row.group)).map(probeRow);
}

/** probeFeature asks about one row by its key, undefined when there is no such row. */
export function probeFeature(key: string): FeatureResult | undefined {
  const row = featureRows.find((one) => one.key === key);
  return row === undefined ? undefined : probeRow(row);
}

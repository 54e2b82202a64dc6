import type { Exposition, ExpositionSample } from "@go3s/telemetry";
import { ServerError } from "../errors.js";
import type { ScrapeJob } from "./config.js";
import { type Labels, relabel } from "./relabel.js";

type Label = ExpositionSample["labels"][number];

/** labelled gives samples their target's labels and takes them through metric_relabel_configs. Throws "scrape-failed" at a limit. */
export function labelled(
  page: Exposition,
  job: ScrapeJob,
  target: ReadonlyMap<string, string>,
): ExpositionSample[] {
  const own: Label[] = Array.from(target, ([name, value]) => ({ name, value }));
  const kept: ExpositionSample[] = [];
  for (const sample of page.samples) {
    const { timestampMs = 0 } = sample;
    // Nanoseconds of 64 bits end in the year 2262.
    if (!(timestampMs >= 0 && timestampMs < 9.2e12))
      throw new ServerError("scrape-failed", `a sample has the time ${timestampMs} ms, which cannot be`);
    const all = joined(sample.labels, own, target, job.honorLabels);
    const after = job.metricRelabel.length === 0 ? all : relabelled(all, job);
    if (after === undefined) continue;
    checkLimits(after, job);
    kept.push(
      job.honorTimestamps || sample.timestampMs === undefined
        ? { ...sample, labels: after }
        : { ...withoutTime(sample), labels: after },
    );
    if (job.sampleLimit > 0 && kept.length > job.sampleLimit)
      throw limitError(`more than ${job.sampleLimit} samples`, "sample_limit");
  }
  return kept;
}

function withoutTime({ timestampMs: _own, ...sample }: ExpositionSample): ExpositionSample {
  return sample;
}

/**
 * joined puts both together. Where both have a label the sample's counts with honor_labels; else the target's does and the sample's is
 * called exported_….
 */
function joined(
  sample: readonly Label[],
  own: readonly Label[],
  target: ReadonlyMap<string, string>,
  honor: boolean,
): Label[] {
  const full = sample.filter((each) => each.value !== "");
  if (!full.some((each) => target.has(each.name))) return [...full, ...own];
  if (honor) {
    const names = new Set(full.map((each) => each.name));
    return [...full, ...own.filter((each) => !names.has(each.name))];
  }
  const taken = new Set([...target.keys(), ...full.map((each) => each.name)]);
  const renamed = full.map((each) => {
    if (!target.has(each.name)) return each;
    let name = `exported_${each.name}`;
    while (taken.has(name)) name = `exported_${name}`;
    taken.add(name);
    return { name, value: each.value };
  });
  return [...renamed, ...own];
}

function relabelled(labels: readonly Label[], job: ScrapeJob): Label[] | undefined {
  const map: Labels = new Map(labels.map(({ name, value }) => [name, value]));
  if (!relabel(map, job.metricRelabel) || !map.has("__name__")) return undefined;
  return Array.from(map, ([name, value]) => ({ name, value })).filter(
    ({ name }) => name === "__name__" || !name.startsWith("__"),
  );
}

function checkLimits(labels: readonly Label[], job: ScrapeJob): void {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = job;
  if (labelLimit > 0 && labels.length > labelLimit)
    throw limitError(`a sample has ${labels.length} labels, more than ${labelLimit}`, "label_limit");
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return;
  for (const { name, value } of labels) {
    if (labelNameLengthLimit > 0 && Buffer.byteLength(name) > labelNameLengthLimit)
      throw limitError(`the name of label ${name.slice(0, 60)} is too long`, "label_name_length_limit");
    if (labelValueLengthLimit > 0 && Buffer.byteLength(value) > labelValueLengthLimit)
      throw limitError(`the value of label ${name.slice(0, 60)} is too long`, "label_value_length_limit");
  }
}

function limitError(what: string, word: string): ServerError {
  return new ServerError("scrape-failed", what, {
    hint: `raise ${word}, or drop some with metric_relabel_configs`,
  });
}

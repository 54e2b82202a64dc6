import { lineAndColumn, type Place } from "./errors.js";
import { labelOf, METRIC_NAME } from "./labels.js";
import { hasPoints, type Points, type Samples } from "./series.js";

/** Notes are what an evaluation has to say beside its result: texts as Prometheus' API gives them. */
export class Notes {
  readonly warnings = new Set<string>();
  readonly infos = new Set<string>();
  readonly #text: string;

  /** text is the expression, in which notes tell their place. */
  constructor(text: string) {
    this.#text = text;
  }

  /** warn says that the result may not be what was meant. */
  warn(text: string, place: Place): void {
    this.warnings.add(`PromQL warning: ${text} (${lineAndColumn(this.#text, place.start)})`);
  }

  /** inform says what a reader may want to look at. */
  inform(text: string, place: Place): void {
    this.infos.add(`PromQL info: ${text} (${lineAndColumn(this.#text, place.start)})`);
  }
}

/** noteCounters informs of a metric that a rate is taken of and whose name is no counter's. */
export function noteCounters(notes: Notes, results: readonly Points[], place: Place): void {
  for (const each of results) {
    const name = labelOf(each.labels, METRIC_NAME);
    if (name === "" || /_(?:total|sum|count|bucket)$/.test(name) || !hasPoints(each)) continue;
    notes.inform(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(name)}`,
      place,
    );
  }
}

/** noteStarts warns of a sample that says it began before the one before it was taken: two senders, or a clock set back. */
export function noteStarts(notes: Notes, series: readonly Samples[], place: Place): void {
  for (const { starts, times, labels } of series) {
    const overlaps = starts?.some(
      (start, i) => i > 0 && start !== 0 && start !== starts[i - 1] && start < (times[i - 1] ?? 0),
    );
    if (overlaps !== true) continue;
    const of = ` for metric ${JSON.stringify(labelOf(labels, METRIC_NAME))}`;
    notes.warn(`sample has start time that overlaps with previous sample timestamp${of}`, place);
  }
}

// What helps to write a filter: facets, completion, fields and its parser's answer. Types only, as types.ts.
import type { FilterNode, FilterPlace } from "../filter/ast.js";
import type { Range } from "./answer-types.js";

/** FacetsAnswer is GET facets?signal=traces|logs: the commonest values of the commonest keys under the filter, with the lift. */
export interface FacetsAnswer {
  readonly range: Range;
  readonly facets: readonly Facet[];
  /** Rows looked at (a sample when there are very many). */
  readonly sampled: number;
}

/** Facet is a key and its commonest values. */
export interface Facet {
  readonly key: string;
  readonly values: readonly {
    readonly value: string;
    readonly count: number;
    /** Share under the filter divided by the share in all traffic of the range; 1 means nothing special. */
    readonly lift: number;
  }[];
}

/**
 * CompleteAnswer is GET complete?signal=…&text=…&cursor=N: what may stand at the cursor of a filter, most frequent first.
 * Applying one replaces text[replace.start, replace.end) by `insert`.
 */
export interface CompleteAnswer {
  readonly replace: FilterPlace;
  readonly items: readonly CompleteItem[];
}

/** CompleteItem is one offer; `insert` is its text as the filter language writes it, with quotes where they are needed. */
export interface CompleteItem {
  readonly kind: "key" | "value" | "operator";
  readonly label: string;
  readonly insert: string;
  readonly count: number;
  readonly detail: string;
}

/** FieldsAnswer is GET fields?signal=…: the short keys of the filter language and the attributes seen in the range. */
export interface FieldsAnswer {
  readonly fields: readonly FieldRow[];
}

/** FieldRow is a key that a filter can name. */
export interface FieldRow {
  readonly key: string;
  /** "column" for short keys, else where the attribute was seen. */
  readonly source: "column" | "attribute" | "resource";
  readonly type: "text" | "number" | "duration" | "id";
  readonly count: number;
  readonly detail: string;
}

/** FilterParseAnswer is GET filter/parse?signal=…&filter=…: status 200 also for a mistake, so that a page can mark it while typing. */
export type FilterParseAnswer =
  | {
      readonly ok: true;
      readonly tree: FilterNode;
      /** The filter printed in its normal form. */
      readonly text: string;
      /** "Show as SQL": a statement for the SQL page with the values written in as literals. */
      readonly sql: string;
    }
  | {
      readonly ok: false;
      readonly message: string;
      readonly hint: string;
      readonly place: FilterPlace;
      readonly expected: readonly string[];
    };

// The filter language's tree (spec/web.md, "Filter language"). A plain value: the page builds and prints it, the server compiles it.

/** FilterPlace is a half-open range of UTF-16 positions in the filter's text. */
export interface FilterPlace {
  readonly start: number;
  readonly end: number;
}

/** FilterPattern is a text cut at its wildcards: ["a"] is exactly "a", ["/cart/", ""] is "/cart/" and anything after it. */
export type FilterPattern = readonly string[];

/** FilterCompare are the comparison signs of `key:>v`. */
export type FilterCompare = ">" | ">=" | "<" | "<=";

/** FilterTest is what a term asks of its key. Numbers and durations stay as written ("200ms"); compiling gives them units. */
export type FilterTest =
  | { readonly op: "is"; readonly pattern: FilterPattern }
  | { readonly op: "present" }
  | { readonly op: "compare"; readonly sign: FilterCompare; readonly text: string }
  | { readonly op: "range"; readonly low: string; readonly high: string }
  | { readonly op: "regex"; readonly source: string };

/** FilterNode is one node; "all" is the empty filter, "word" a bare word (operation, log body, status message). */
export type FilterNode =
  | { readonly kind: "all"; readonly place: FilterPlace }
  | { readonly kind: "and"; readonly items: readonly FilterNode[]; readonly place: FilterPlace }
  | { readonly kind: "or"; readonly items: readonly FilterNode[]; readonly place: FilterPlace }
  | { readonly kind: "not"; readonly item: FilterNode; readonly place: FilterPlace }
  | { readonly kind: "term"; readonly key: string; readonly test: FilterTest; readonly place: FilterPlace }
  | { readonly kind: "word"; readonly test: FilterTest; readonly place: FilterPlace };

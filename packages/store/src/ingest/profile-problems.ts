import { INGEST_LIMITS } from "./limits.js";

/** WRONG is what can be the matter with a sample, as its sender is told; a state of an entry is an index + 2. */
export const WRONG: readonly string[] = [
  "a stack outside of stack_table",
  "a location outside of location_table",
  "a mapping outside of mapping_table",
  "a function outside of function_table",
  "a string outside of string_table",
  "an attribute outside of attribute_table",
  "a link outside of link_table",
  `a stack of more than ${INGEST_LIMITS.framesPerStack} frames`,
  "neither values nor timestamps",
  "values and timestamps that differ in number",
];

/** BAD names the states. */
export const BAD = {
  STACK: 2,
  LOCATION: 3,
  MAPPING: 4,
  FUNCTION: 5,
  STRING: 6,
  ATTRIBUTE: 7,
  LINK: 8,
  TOO_DEEP: 9,
  EMPTY: 10,
  UNEQUAL: 11,
} as const;

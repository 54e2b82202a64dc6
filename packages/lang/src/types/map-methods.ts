import type { MapRow } from "./map-kinds.js";

/** MapMethodRow is a method of maps; operands say how the checker reads its arguments. */
export interface MapMethodRow {
  readonly name: string;
  readonly families: readonly MapRow["family"][];
  readonly operands: readonly (
    | "key"
    | "value"
    | "count"
    | "flags"
    | "record"
    | "memory"
    | "size"
    | "context"
    | "object"
    | "function"
  )[];
  /** optional operands at the end. */
  readonly optional: number;
  readonly result: "value-pointer" | "int" | "uint64" | "bool" | "void";
}

const stores = ["hash", "array"] as const;

/** mapMethods are all methods; which map has which is in `families`. */
export const mapMethods: readonly MapMethodRow[] = [
  { name: "Lookup", families: stores, operands: ["key"], optional: 0, result: "value-pointer" },
  // What another CPU holds: kernel 5.19, for maps whose values are per CPU.
  { name: "LookupCPU", families: stores, operands: ["key", "flags"], optional: 0, result: "value-pointer" },
  { name: "Update", families: stores, operands: ["key", "value", "flags"], optional: 1, result: "int" },
  { name: "Insert", families: ["hash"], operands: ["key", "value"], optional: 0, result: "int" },
  { name: "Replace", families: stores, operands: ["key", "value"], optional: 0, result: "int" },
  { name: "Delete", families: ["hash"], operands: ["key"], optional: 0, result: "int" },
  { name: "Increment", families: stores, operands: ["key"], optional: 0, result: "void" },
  { name: "Add", families: stores, operands: ["key", "count"], optional: 0, result: "void" },
  { name: "Reserve", families: ["ring"], operands: [], optional: 0, result: "value-pointer" },
  { name: "Submit", families: ["ring"], operands: ["record", "flags"], optional: 1, result: "void" },
  { name: "Discard", families: ["ring"], operands: ["record", "flags"], optional: 1, result: "void" },
  { name: "Output", families: ["ring"], operands: ["value", "flags"], optional: 1, result: "int" },
  { name: "OutputN", families: ["ring"], operands: ["memory", "size", "flags"], optional: 1, result: "int" },
  { name: "Query", families: ["ring"], operands: ["flags"], optional: 0, result: "uint64" },
  { name: "Avail", families: ["ring"], operands: [], optional: 0, result: "uint64" },
  { name: "Push", families: ["queue"], operands: ["value", "flags"], optional: 1, result: "int" },
  { name: "Pop", families: ["queue"], operands: ["memory"], optional: 0, result: "int" },
  { name: "Peek", families: ["queue"], operands: ["memory"], optional: 0, result: "int" },
  {
    name: "Output",
    families: ["events"],
    operands: ["context", "value", "flags"],
    optional: 1,
    result: "int",
  },
  { name: "ForEach", families: stores, operands: ["function"], optional: 0, result: "int" },
  { name: "Drain", families: ["user-ring"], operands: ["function", "flags"], optional: 1, result: "int" },
  { name: "Push", families: ["bloom"], operands: ["value"], optional: 0, result: "int" },
  { name: "Contains", families: ["bloom"], operands: ["value"], optional: 0, result: "bool" },
  { name: "Lookup", families: ["maps"], operands: ["key"], optional: 0, result: "value-pointer" },
  { name: "Get", families: ["storage"], operands: ["object"], optional: 0, result: "value-pointer" },
  {
    name: "GetOrCreate",
    families: ["storage"],
    operands: ["object", "value"],
    optional: 1,
    result: "value-pointer",
  },
  { name: "Delete", families: ["storage"], operands: ["object"], optional: 0, result: "int" },
  {
    name: "Redirect",
    families: ["sockets"],
    operands: ["context", "key", "flags"],
    optional: 1,
    result: "int",
  },
  {
    name: "Update",
    families: ["sockets"],
    operands: ["context", "key", "flags"],
    optional: 1,
    result: "int",
  },
  { name: "Delete", families: ["sockets"], operands: ["key"], optional: 0, result: "int" },
  { name: "Redirect", families: ["devices"], operands: ["key", "flags"], optional: 1, result: "int" },
  { name: "Observe", families: ["histogram"], operands: ["key", "count"], optional: 0, result: "void" },
  { name: "Delete", families: ["histogram"], operands: ["key"], optional: 0, result: "int" },
];

import { HelperFunction } from "@go3s/bpf";
import { builtinRows } from "../types/builtins.js";
import { kernelConstants } from "../types/constants.js";
import { contextRows } from "../types/contexts.js";
import { mapRows } from "../types/map-kinds.js";

/** PackageMember is a name that a package of the compiler's own has. */
export interface PackageMember {
  readonly name: string;
  readonly kind: "function" | "map" | "context" | "constant";
  readonly detail: string;
}

const camel = (name: string): string =>
  name
    .split("_")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");

/** bpfMembers are the names of the package bpf. */
export const bpfMembers = (): PackageMember[] => [
  ...builtinRows
    .filter((row) => row.package === "bpf")
    .map((row): PackageMember => ({ name: row.name, kind: "function", detail: argumentsText(row) })),
  ...mapRows.map(
    (row): PackageMember => ({
      name: row.name,
      kind: "map",
      detail: ["a map", "a map of [V]", "a map of [K, V]"][row.typeArguments] ?? "a map",
    }),
  ),
  ...contextRows.map(
    (row): PackageMember => ({ name: row.name, kind: "context", detail: "a program's context" }),
  ),
  ...Object.entries(kernelConstants).map(
    ([name, value]): PackageMember => ({ name, kind: "constant", detail: String(value) }),
  ),
];

function argumentsText({ typeArguments, least, most }: (typeof builtinRows)[number]): string {
  const types = typeArguments > 0 ? "[T]" : "";
  const count = least === most ? String(least) : `${least} to ${most}`;
  return most === 0 ? `${types}()` : `${types}(${count} ${most === 1 ? "argument" : "arguments"})`;
}

/** helperMembers are the kernel's helpers as the package helpers has them. */
export const helperMembers = (): PackageMember[] =>
  Object.entries(HelperFunction)
    .filter(([name]) => name !== "unspec")
    .map(([name, id]) => ({ name: camel(name), kind: "function", detail: `bpf_${name}, helper ${id}` }));

import type { Expr } from "../syntax/ast.js";
import type { Type } from "./type.js";

/** KfuncArgument is one argument as the kernel's function takes it: an expression, or what the compiler knows. */
export type KfuncArgument =
  | { readonly kind: "value" | "object" | "memory" | "any"; readonly expr: Expr; readonly type: Type }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "map"; readonly expr: Expr }
  /** size of the memory in the argument before it, given or all of it. */
  | { readonly kind: "size"; readonly expr: Expr | undefined }
  | { readonly kind: "hidden" };

import { type Demangler, openDemangler } from "./demangler.js";

/** heldNames bounds the readable names that are kept: those of a page of a profile. */
const heldNames = 8_192;

let demangler: Demangler | undefined;
const held = new Map<string, string>();

/**
 * goName makes a Go symbol's name what a person calls the function: type arguments are left as "[...]", method values lose
 * "-fm", the ABI its suffix, and the dots of an import path come back ("gopkg.in/yaml%2ev3"). Closures keep their numbers.
 */
export function goName(name: string): string {
  let text = name.replace(/\.abi(?:0|internal)$/, "").replace(/-fm$/, "");
  text = text.replace(/%([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const open = text.indexOf("[");
  if (open < 0) return text;
  // Type arguments nest, and a receiver's come before the method's own name.
  let out = "";
  let depth = 0;
  for (const character of text) {
    if (character === "[" && depth++ === 0) out += "[...]";
    if (depth === 0) out += character;
    if (character === "]" && depth > 0) depth--;
  }
  return out;
}

/**
 * displayName makes a symbol's name readable: C++ and Rust names by demangling (gecko-profiler-demangle, loaded at the first
 * such name), Go's by goName, C's as they are. Meant for names that are shown, not for whole tables: 2 us each.
 */
export function displayName(name: string): string {
  const there = held.get(name);
  if (there !== undefined) return there;
  let shown = name;
  if (name.startsWith("_")) {
    demangler ??= openDemangler();
    shown = demangler.demangle(name) ?? name;
  } else if (name.includes(".") || name.includes("%")) shown = goName(name);
  const oldest = held.keys().next();
  if (held.size >= heldNames && !oldest.done) held.delete(oldest.value);
  held.set(name, shown);
  return shown;
}

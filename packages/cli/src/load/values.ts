import { Btf, type BtfType, type ConstantValue, type ObjectSpec } from "@go3s/bpf";
import { CliError } from "../failure.js";

/** valuesOf reads `--set NAME=VALUE` for the variables of an object; what a value means depends on the variable's type. */
export function valuesOf(spec: ObjectSpec, settings: readonly string[]): Record<string, ConstantValue> {
  const values: Record<string, ConstantValue> = {};
  const types = spec.btf === undefined ? undefined : new Btf(spec.btf);
  for (const setting of settings) {
    const cut = setting.indexOf("=");
    if (cut < 1) throw new CliError("usage", `--set ${setting}: no value`, "write it as NAME=VALUE");
    const name = setting.slice(0, cut);
    const variable = spec.variables.get(name);
    if (variable === undefined) {
      const known = [...spec.variables.keys()].sort().join(", ") || "none";
      throw new CliError("usage", `--set ${name}: the object has no such variable`, `it has ${known}`);
    }
    const type =
      types === undefined || variable.type === 0 ? undefined : types.type(types.resolve(variable.type));
    values[name] = parseValue(name, setting.slice(cut + 1), type, variable.size);
  }
  return values;
}

const isNumber = /^-?(?:\d+|0[xX][0-9a-fA-F]+)$/;

function parseValue(name: string, text: string, type: BtfType | undefined, size: number): ConstantValue {
  const isText = type === undefined ? ![1, 2, 4, 8].includes(size) : type.kind === "array";
  if (isText) {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length >= size)
      throw new CliError("usage", `--set ${name}: ${bytes.length} bytes do not fit into ${size} with a NUL`);
    return text;
  }
  if (text === "true" || text === "false") return text === "true";
  if (type?.kind === "enum" || type?.kind === "enum64") {
    const found = type.values.find((each) => each.name === text);
    if (found !== undefined) return found.value;
  }
  if (!isNumber.test(text))
    throw new CliError("usage", `--set ${name}=${text}: not a number`, "123, -1, 0x10, true or false");
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

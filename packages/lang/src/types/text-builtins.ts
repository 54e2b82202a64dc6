import { addressOrPointer, type BuiltinRow, type Check, takes } from "./builtin-check.js";
import { type Type, uint8, under } from "./type.js";

/** defaultText is how long a text is where nothing says it: `name := bpf.UserString(p)`. */
const defaultText = 64;

/** text is as long as what it is given to. */
const text: Check = (c) => {
  addressOrPointer(c, 0);
  const wanted: Type | undefined = c.want === undefined ? undefined : under(c.want);
  const fits = wanted?.kind === "array" && under(wanted.element).kind === "int";
  return fits ? (c.want ?? wanted) : { kind: "array", element: uint8, length: defaultText };
};

/** textBuiltins give text up to its NUL, the rest cleared; all cleared when it cannot be read. */
export const textBuiltins: readonly BuiltinRow[] = [
  takes("UserString", 1, 1, text),
  takes("KernelString", 1, 1, text),
];

import type { TypeDescription } from "@go3s/binary";

/** deepest bounds how far types are followed: those of a broken file may hold themselves. */
const deepest = 32;
const mostSteps = 20_000;

/** mostTypes bounds what one declaration draws in. */
const mostTypes = 200;

interface Written {
  /** before and behind the name: `int x[3]` is "int" and "[3]". */
  readonly front: string;
  readonly back: string;
  readonly size: number;
  readonly align: number;
}

/** strip follows typedefs and qualifiers. */
function strip(type: TypeDescription): TypeDescription {
  let at = type;
  for (let depth = 0; depth < 32 && (at.kind === "typedef" || at.kind === "qualifier"); depth++) {
    const next = at.target();
    if (next === undefined) break;
    at = next;
  }
  return at;
}

const bytes = (size: number): Written => ({ front: "char", back: `[${size}]`, size, align: 1 });

/** isNamed tells whether a struct can be declared by its name. */
const isNamed = (type: TypeDescription): boolean =>
  /^(?:struct |union |class )?[A-Za-z_]\w*$/.test(type.name);

const plainName = (type: TypeDescription): string => type.name.replace(/^(?:struct|union|class|enum) /, "");

/** cTypeText writes a type as bpftrace lists it: the star stands at the type, structs are called so. */
export function cTypeText(type: TypeDescription, depth = 0): string {
  const target = depth < 16 ? type.target() : undefined;
  switch (type.kind) {
    case "pointer": {
      const to = target === undefined ? "void" : cTypeText(target, depth + 1);
      return target?.kind === "function" ? "void*" : `${to}*`;
    }
    case "struct":
    case "union":
    case "enum":
      return `${type.kind} ${plainName(type)}`;
    case "array":
      return `${target === undefined ? "" : cTypeText(target, depth + 1)}[${type.count ?? ""}]`;
    case "qualifier": {
      const word =
        /^(const|volatile|restrict|_Atomic)\b/.exec(type.name)?.[1] ??
        /\b(const|volatile|restrict)$/.exec(type.name)?.[1];
      const to = target === undefined ? "void" : cTypeText(target, depth + 1);
      if (word === undefined || word === "restrict") return to;
      return to.endsWith("*") ? `${to} ${word}` : `${word} ${to}`;
    }
    default:
      return type.name;
  }
}

/**
 * declarationsOf writes a struct and the structs it holds as C, with its members where the debug information has them: gaps
 * become bytes. What C has no word for here (floating point, 128 bits) becomes bytes, too.
 */
export function declarationsOf(root: TypeDescription): string | undefined {
  const done = new Map<string, string>();
  const order: string[] = [];

  let depth = 0;
  let steps = 0;
  /** nested follows a type one step further. */
  const nested = <T>(beyond: T, work: () => T): T => {
    if (depth >= deepest || ++steps > mostSteps) return beyond;
    depth++;
    try {
      return work();
    } finally {
      depth--;
    }
  };

  const pointed = (type: TypeDescription): string => nested("void *", () => pointedTo(type));
  const pointedTo = (type: TypeDescription): string => {
    const target = type.target();
    const to = target === undefined ? undefined : strip(target);
    if (to === undefined || to.kind === "void" || to.kind === "function") return "void *";
    if (to.kind === "struct" || to.kind === "union")
      return isNamed(to) ? `${to.kind} ${plainName(to)} *` : "void *";
    if (to.kind === "pointer") return `${pointed(to)}*`;
    const { front, back } = write(to);
    return back === "" ? `${front} *` : "void *";
  };

  const write = (given: TypeDescription): Written => nested(bytes(given.size ?? 0), () => written(given));
  const written = (given: TypeDescription): Written => {
    const type = strip(given);
    const size = type.size ?? 0;
    switch (type.kind) {
      case "character":
        return size === 1
          ? { front: type.name.includes("unsigned") ? "uint8_t" : "char", back: "", size, align: 1 }
          : bytes(size);
      case "boolean":
        return { front: "bool", back: "", size, align: 1 };
      case "integer":
      case "unsigned":
        if (![1, 2, 4, 8].includes(size)) return bytes(size);
        return {
          front: `${type.kind === "unsigned" ? "u" : ""}int${size * 8}_t`,
          back: "",
          size,
          align: size,
        };
      case "enum":
        return { front: `int${size * 8}_t`, back: "", size, align: size };
      case "pointer":
      case "reference":
        return { front: pointed(type), back: "", size: 8, align: 8 };
      case "array": {
        const element = type.target();
        const count = type.count;
        if (element === undefined || count === undefined) return bytes(size);
        const one = write(element);
        return { front: one.front, back: `[${count}]${one.back}`, size: one.size * count, align: one.align };
      }
      case "struct":
      case "union": {
        if (!isNamed(type)) return { ...body(type), back: "" };
        declare(type);
        return { front: `${type.kind} ${plainName(type)}`, back: "", size, align: alignOf(type) };
      }
      default:
        return bytes(size);
    }
  };

  const alignOf = (type: TypeDescription, depth = 0): number => {
    const of = strip(type);
    if (depth > 16) return 1;
    if (of.kind === "struct" || of.kind === "union")
      return Math.max(1, ...of.members().map((member) => alignOf(member.type, depth + 1)));
    if (of.kind === "array") {
      const element = of.target();
      return element === undefined ? 1 : alignOf(element, depth + 1);
    }
    if (of.kind === "float" || of.kind === "unknown" || (of.size ?? 0) > 8) return 1;
    return Math.max(1, of.size ?? 1);
  };

  const body = (type: TypeDescription): Omit<Written, "back"> => {
    const isUnion = type.kind === "union";
    const lines: string[] = [];
    let at = 0;
    let align = 1;
    const pad = (count: number): void => {
      if (count > 0) lines.push(`char __pad${lines.length}[${count}];`);
      at += Math.max(0, count);
    };
    for (const member of type.members()) {
      if (member.bits !== undefined) continue;
      const one = write(member.type);
      const next = Math.ceil(at / one.align) * one.align;
      // Packed: C would put it elsewhere.
      if (!isUnion && (member.offset < next || member.offset % one.align !== 0)) continue;
      if (!isUnion && member.offset > next) pad(member.offset - at);
      lines.push(`${one.front} ${member.name}${one.back};`);
      at = isUnion ? Math.max(at, one.size) : member.offset + one.size;
      align = Math.max(align, one.align);
    }
    const size = type.size ?? at;
    if (!isUnion) pad(size - at);
    return { front: `${type.kind} { ${lines.join(" ")} }`, size, align };
  };

  const declare = (type: TypeDescription): void => {
    const name = plainName(type);
    if (done.has(name) || done.size >= mostTypes) return;
    done.set(name, "");
    const { front } = body(type);
    done.set(name, `${type.kind} ${name} ${front.slice(type.kind.length + 1)};`);
    order.push(name);
  };

  const type = strip(root);
  if ((type.kind !== "struct" && type.kind !== "union") || !isNamed(type)) return undefined;
  declare(type);
  return order.map((name) => done.get(name)).join("\n");
}

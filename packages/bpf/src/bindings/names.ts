const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Names gives out names that are free: objects come from anywhere, so two things may have one name, or one
 * that the language keeps for itself.
 */
export class Names {
  readonly #taken: Set<string>;

  /** `reserved` are names that are not given out. */
  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  /** take gives the name, with a number behind it when it, or it with one of the endings, is taken. */
  take(wanted: string, endings: readonly string[] = [""]): string {
    let name = wanted;
    const isTaken = (one: string): boolean => endings.some((ending) => this.#taken.has(`${one}${ending}`));
    for (let i = 2; isTaken(name); i++) name = `${wanted}${i}`;
    for (const ending of endings) this.#taken.add(`${name}${ending}`);
    return name;
  }
}

/** pascalCase spells a C name as types are spelt: `tcp_event` becomes `TcpEvent`. Anything else falls away. */
export function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  if (joined === "") return "Unnamed";
  return /^[0-9]/.test(joined) ? `N${joined}` : joined;
}

/** propertyKey writes a name where TypeScript has a property's: quoted when it is no identifier. */
export function propertyKey(name: string): string {
  // A class may have no accessor named so, but one whose name is computed to be so.
  if (name === "constructor") return '["constructor"]';
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}

/** propertyAccess writes the access to a property. */
export function propertyAccess(name: string): string {
  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** commentText makes any text fit into one line of a comment. */
export function commentText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").replaceAll("*/", "* /");
}

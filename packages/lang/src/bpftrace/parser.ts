import type { Reporter } from "../source/diagnostics.js";
import { newCursor, Stop } from "./cursor.js";
import { declaration } from "./parse-declaration.js";
import { newStatementParser } from "./parse-statement.js";
import type {
  Action,
  AttachPoint,
  Declaration,
  Import,
  Macro,
  MacroParameter,
  MapDeclaration,
  Node,
  ScriptTree,
  Setting,
} from "./tree.js";

/** parseScript reads a script; what is wrong is reported, and parsing goes on behind the block. */
export function parseScript(
  text: string,
  defines: ReadonlyMap<string, string>,
  report: Reporter,
): ScriptTree {
  const cursor = newCursor(text, defines, report);
  const parser = newStatementParser(cursor);
  const declarations: Declaration[] = [];
  const settings: Setting[] = [];
  const imports: Import[] = [];
  const maps: MapDeclaration[] = [];
  const macros: Macro[] = [];
  const actions: Action[] = [];

  const config = (): void => {
    cursor.advance();
    cursor.expect("=", "behind config");
    cursor.expect("{", "to begin the settings");
    while (!cursor.is("}")) {
      if (cursor.accept(";") || cursor.accept(",")) continue;
      const key = cursor.token();
      if (key.kind !== "word")
        cursor.stop(key, `syntax error, unexpected ${cursor.shown()}, expecting a setting`);
      cursor.advance();
      cursor.expect("=", "behind the setting's name");
      const value = cursor.advance();
      settings.push({ key: key.text, value: value.text, start: key.start, end: cursor.last() });
    }
    cursor.advance();
    cursor.accept(";");
  };

  const importFile = (): void => {
    const at = cursor.advance();
    const path = cursor.advance();
    if (path.kind !== "text") cursor.stop(path, "import takes a path in quotes", 'import "helpers.bt";');
    imports.push({ path: path.text, start: at.start, end: cursor.last() });
    cursor.accept(";");
  };

  const mapDeclaration = (): void => {
    const at = cursor.advance();
    const name = cursor.advance();
    if (name.kind !== "map")
      cursor.stop(name, "only maps are declared outside of probes", "let @a = hash(100);");
    cursor.expect("=", "behind the map's name");
    const type = cursor.advance();
    cursor.expect("(", "behind the map's type");
    const entries = cursor.is(")") ? undefined : parser.expression();
    cursor.expect(")", "behind the number of entries");
    cursor.accept(";");
    maps.push({
      name: name.text,
      type: type.text,
      typeAt: type,
      entries,
      start: at.start,
      end: cursor.last(),
    });
  };

  const parameter = (): MacroParameter => {
    const at = cursor.advance();
    const range = { start: at.start, end: at.end };
    if (at.kind === "variable") return { kind: "variable", name: at.text.slice(1), ...range };
    if (at.kind === "map") return { kind: "map", name: at.text, ...range };
    if (at.kind === "word") return { kind: "expression", name: at.text, ...range };
    return cursor.stop(at, "a macro takes $x (a variable), @x (a map) or x (any value)");
  };

  const macro = (): void => {
    const at = cursor.advance();
    const name = cursor.advance();
    if (name.kind !== "word") cursor.stop(name, "a macro has a name", "macro add_one(x) { x + 1 }");
    const parameters: MacroParameter[] = [];
    if (cursor.accept("(")) {
      while (!cursor.is(")")) {
        parameters.push(parameter());
        if (!cursor.accept(",")) break;
      }
      cursor.expect(")", "behind the macro's parameters");
    }
    const body = parser.block();
    macros.push({ name: name.text, parameters, body, start: at.start, end: cursor.last() });
  };

  const action = (): boolean => {
    const points: AttachPoint[] = [];
    for (let more = true; more; more = cursor.accept(",")) {
      const point = cursor.attachPoint();
      if (point === undefined) {
        if (cursor.token().kind === "end" && points.length === 0) return false;
        cursor.stop(
          cursor.token(),
          `syntax error, unexpected ${cursor.shown()}`,
          "a probe is needed here, e.g. tracepoint:syscalls:sys_enter_openat { @ = count(); }",
        );
        return false;
      }
      points.push({ text: point.text, start: point.start, end: point.end });
    }
    let predicate: Node | undefined;
    if (cursor.is("/")) {
      cursor.advance();
      predicate = parser.expression();
      if (cursor.token().kind !== "endpred")
        cursor.stop(
          cursor.token(),
          `syntax error, unexpected ${cursor.shown()}, expecting / behind the predicate`,
        );
      cursor.advance();
    }
    if (!cursor.is("{"))
      cursor.stop(
        cursor.token(),
        `syntax error, unexpected ${cursor.shown()}, expecting {`,
        "PROBE /predicate/ { statements }",
      );
    const body = parser.statements();
    actions.push({ points, predicate, body, start: points[0]?.start ?? 0, end: cursor.last() });
    return true;
  };

  /** behindBlock passes what is left of a broken part: what follows it may be right. */
  const behindBlock = (): boolean => {
    let open = 0;
    while (cursor.token().kind !== "end") {
      if (cursor.is("{")) open++;
      else if (cursor.is("}") && --open <= 0) {
        cursor.advance();
        return true;
      }
      cursor.advance();
    }
    return false;
  };

  const part = (): boolean => {
    const word = cursor.word();
    if (word === "" && cursor.accept(";")) return true;
    if (word === "config" && /^[={]$/.test(cursor.peek(1).text)) config();
    else if (word === "import") importFile();
    else if (word === "macro") macro();
    else if (word === "let") mapDeclaration();
    else if (/^(?:struct|union|enum|typedef)$/.test(word))
      declarations.push(declaration(cursor, parser.expression));
    else return action();
    return true;
  };

  for (let more = true; more; ) {
    try {
      cursor.fresh();
      more = part();
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      more = behindBlock();
    }
  }
  return { declarations, settings, imports, maps, macros, actions };
}

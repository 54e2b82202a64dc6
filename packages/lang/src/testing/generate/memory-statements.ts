import { pick } from "../random.js";
import { type Piece, piece } from "./piece.js";
import { add, fresh, type Gen, type GenMap, inScope, pathTo } from "./scope.js";
import { boolType, bytesType, type GenType, goInt, hasBool, plainInts, uint32Type } from "./types.js";

type Text = string | Piece;
type Statements = (gen: Gen, count: number) => Piece;

const expr = (gen: Gen, type: GenType, depth: number): Text => gen.expression(gen, type, depth);

/** keyOf makes up a key: few different ones, so that they meet. */
function keyOf(gen: Gen, map: GenMap): Text {
  const { key } = map;
  if (key.kind !== "int") return gen.expression(gen, key, 1);
  const { random } = gen;
  if (random(3) === 0) return String(random(map.entries + 1));
  return piece("(", expr(gen, key, 1), `)&${random(2) === 0 ? 3 : 7}`);
}

function free(gen: Gen, ...kinds: readonly string[]): GenMap | undefined {
  // A function may run while its caller holds a pointer to a value: an array's values stay where they are.
  const fits = gen.maps.filter(
    (each) =>
      kinds.includes(each.kind) && !gen.busy.has(each) && (gen.hook !== undefined || each.kind === "Array"),
  );
  return fits.length === 0 ? undefined : pick(gen.random, fits);
}

const stores = ["Hash", "LRUHash", "PerCPUHash", "LRUPerCPUHash", "Array", "PerCPUArray"];

/** lookup makes a pointer to a value, checked in one of the ways people do it. */
function lookup(gen: Gen, statements: Statements): Text {
  const { random } = gen;
  const map = free(gen, ...stores);
  if (map === undefined) return "";
  const name = fresh(gen, "p");
  const call = piece(`${map.name}.Lookup(`, keyOf(gen, map), ")");
  gen.busy.add(map);
  const body = (): Piece =>
    inScope(gen, () => {
      add(gen, name, map.value, { pointer: true });
      return piece(`_ = ${name}\n`, statements(gen, 1 + random(3)));
    });
  const choice = random(4);
  let made: Text;
  if (choice === 0) made = piece(`if ${name} := `, call, `; ${name} != nil {\n`, body(), "}");
  else if (choice === 1) {
    const other = inScope(gen, () => statements(gen, 1));
    made = piece(`${name} := `, call, `\nif ${name} == nil {\n`, other, "} else {\n", body(), "}");
  } else if (choice === 2)
    made = piece(`${name} := `, call, `\nif ${name} != nil && `, expr(gen, boolType, 1), " {\n", body(), "}");
  else
    made = piece(
      `${name} := `,
      call,
      `\nif ${name} == nil || `,
      expr(gen, boolType, 0),
      ` {\n_ = ${name}\n} else {\n`,
      body(),
      "}",
    );
  gen.busy.delete(map);
  return made;
}

/** published makes the published spellings of map access, which take addresses. */
function published(gen: Gen): Text {
  const { random } = gen;
  const map = free(gen, ...stores);
  if (map === undefined || map.key.kind !== "int") return "";
  const key = fresh(gen, "k");
  const value = fresh(gen, "x");
  const declared = piece(
    `var ${key} ${map.key.name} = `,
    map.kind.endsWith("Array") ? piece("(", expr(gen, map.key, 1), ")&3") : keyOf(gen, map),
    `\nvar ${value} ${map.value.name}\n`,
  );
  if (random(2) === 0) return piece(declared, `bpf.MapUpdate(&${map.name}, &${key}, &${value})`);
  const into = pathTo(gen, (type) => type.name === "int", true);
  add(gen, value, map.value);
  const tail = into === undefined ? "" : `\n${into.text}--`;
  return piece(declared, `if bpf.MapLookup(&${map.name}, &${key}, &${value}) == 0 {${tail}\n}`);
}

function change(gen: Gen): Text {
  const { random } = gen;
  const map = free(gen, ...stores);
  if (map === undefined) return "";
  const isArray = map.kind.endsWith("Array");
  const key = keyOf(gen, map);
  const counts = map.value.kind === "int" && /^u?int(32|64)$/.test(map.value.name);
  if (counts && random(2) === 0) {
    if (random(2) === 0) return piece(`${map.name}.Increment(`, key, ")");
    return piece(`${map.name}.Add(`, key, ", ", expr(gen, map.value, 1), ")");
  }
  const method = isArray
    ? pick(random, ["Update", "Replace"])
    : pick(random, ["Update", "Insert", "Replace", "Delete"]);
  const call =
    method === "Delete"
      ? piece(`${map.name}.Delete(`, key, ")")
      : piece(`${map.name}.${method}(`, key, ", ", expr(gen, map.value, 1), ")");
  const into = random(2) === 0 ? pathTo(gen, (type) => type.name === "int", true) : undefined;
  return into === undefined ? call : piece(`${into.text} += `, call);
}

function queue(gen: Gen): Text {
  const map = free(gen, "Queue", "Stack");
  if (map === undefined) return "";
  if (gen.random(2) === 0) return piece(`${map.name}.Push(`, expr(gen, map.value, 1), ")");
  const into = gen.scope.findLast(
    (each) => each.type.name === map.value.name && !each.pointer && each.addressable && each.writable,
  );
  if (into === undefined || gen.scope.findLast((each) => each.name === into.name) !== into) return "";
  const method = pick(gen.random, ["Pop", "Peek"]);
  return piece(`if ${map.name}.${method}(&${into.name}) == 0 {\n`, `${into.name} = ${into.name}\n}`);
}

function ring(gen: Gen, statements: Statements): Text {
  const { random } = gen;
  const map = free(gen, "RingBuf");
  if (map === undefined || gen.rounds > 4) return "";
  if (random(3) === 0) return piece(`${map.name}.Output(`, expr(gen, map.value, 1), ")");
  const name = fresh(gen, "e");
  gen.busy.add(map);
  const { breaks, continues, returns, labels } = gen;
  const body = inScope(gen, () => {
    add(gen, name, map.value, { pointer: true });
    // A jump or return in here would lose the record: the compiler would refuse it.
    gen.breaks = false;
    gen.continues = false;
    gen.returns = false;
    const hidden = labels.splice(0);
    const made = statements(gen, 1 + random(3));
    labels.push(...hidden);
    return made;
  });
  Object.assign(gen, { breaks, continues, returns });
  gen.busy.delete(map);
  const give = `${map.name}.Submit(${name})\n`;
  const end =
    random(3) === 0
      ? piece("if ", expr(gen, boolType, 1), ` {\n${give}} else {\n${map.name}.Discard(${name})\n}\n`)
      : give;
  return piece(`if ${name} := ${map.name}.Reserve(); ${name} != nil {\n`, body, end, "}");
}

function packet(gen: Gen, statements: Statements): Text {
  const { random } = gen;
  if (gen.hook !== "xdp" && gen.hook !== "tc") return "";
  const structs = gen.declared.structs.filter((each) => !hasBool(each));
  const isBytes = structs.length === 0 || random(3) === 0;
  const type = isBytes ? bytesType(1 + random(12)) : pick(random, structs);
  const name = fresh(gen, "q");
  const offset: Text =
    random(2) === 0 ? String(random(50)) : piece("int(", expr(gen, pick(random, plainInts), 1), ")&31");
  const writable = gen.hook === "xdp";
  const body = inScope(gen, () => {
    add(gen, name, type, { pointer: true, writable, addressable: writable });
    return statements(gen, 1 + random(2));
  });
  const head = piece(
    `if ${name} := bpf.Packet[${type.name}](ctx, `,
    offset,
    `); ${name} != nil {\n_ = ${name}\n`,
  );
  return piece(head, body, "}");
}

/** loopBody makes a bpf.Loop whose body uses the variables around it. */
function loopBody(gen: Gen, statements: Statements): Text {
  const { random } = gen;
  if (gen.rounds > 2 || gen.hook === undefined) return "";
  const name = fresh(gen, "i");
  const rounds = 1 + random(6);
  const { scope, returns, result, results, hook, labels, breaks, continues } = gen;
  // A body sees the variables around it, but no pointers: those could be to any memory.
  gen.scope = scope.filter((each) => !each.pointer);
  gen.hook = undefined;
  gen.returns = true;
  gen.result = boolType;
  gen.results = [];
  gen.breaks = false;
  gen.continues = false;
  const hidden = labels.splice(0);
  const body = inScope(
    gen,
    () => {
      add(gen, name, uint32Type, { writable: false, addressable: false });
      return piece(statements(gen, 1 + random(3)), "return ", expr(gen, boolType, 1), "\n");
    },
    rounds,
  );
  labels.push(...hidden);
  Object.assign(gen, { scope, returns, result, results, hook, breaks, continues });
  const into = pathTo(gen, (type) => type.name === "int", true);
  const count: Text =
    random(2) === 0 ? String(rounds) : piece("uint32(uint8(", expr(gen, goInt, 1), `)&${rounds})`);
  const head = into === undefined ? "bpf.Loop(" : `${into.text} = bpf.Loop(`;
  return piece(head, count, `, func(${name} uint32) bool {\n`, body, "})");
}

function bytes(gen: Gen): Text {
  const found = pathTo(gen, (type) => type.kind === "array" || type.kind === "struct", true);
  if (found === undefined || found.text.startsWith("(*") || !found.root.addressable) return "";
  if (gen.random(2) === 0) return `bpf.Zero(&${found.text})`;
  const other = pathTo(gen, (type) => type.name === found.type.name);
  if (other === undefined || other.text.startsWith("(*") || !other.root.addressable) return "";
  return `bpf.Copy(&${found.text}, &${other.text})`;
}

/** memoryStatement makes one of the statements that use maps, ring buffers, packets and bytes. */
export function memoryStatement(statements: Statements): (gen: Gen) => Text {
  return (gen) => {
    switch (gen.random(11)) {
      case 0:
      case 1:
      case 2:
        return lookup(gen, statements);
      case 3:
      case 4:
        return change(gen);
      case 5:
        return gen.random(2) === 0 ? published(gen) : queue(gen);
      case 6:
        return ring(gen, statements);
      case 7:
        return packet(gen, statements);
      case 8:
        return loopBody(gen, statements);
      default:
        return bytes(gen);
    }
  };
}

// Writes loops over arrays, and taking arrays apart, without iterators. Code that runs a few times is not optimised, and
// there each step of `for (const x of list)` is a call that allocates its answer: 20 of the 49 MB that compiling 1,000
// lines allocated. What is no array goes through its iterator as before. Only `return` of an iterator is not called when
// such a loop is left early, which matters to generators with `finally` alone: so this is for modules that walk none.
import { parseAst } from "rolldown/parseAst";

/** helpers stand once in front of the bundle. */
export const helpers = `
const $pulled = (from) => (Array.isArray(from) ? undefined : from[Symbol.iterator]());
const $paired = (from) => (Array.isArray(from) ? undefined : from.entries()[Symbol.iterator]());
const $taken = (from, count) => {
  if (Array.isArray(from)) return from;
  const first = [];
  if (count > 0) for (const each of from) if (first.push(each) === count) break;
  return first;
};`;

/** newEdits collects replacements of a text's parts; of those at one place the first comes first. */
function newEdits(code) {
  const list = [];
  return {
    replace: (start, end, text) => list.push({ start, end, text }),
    text() {
      const parts = [];
      let at = 0;
      for (const { start, end, text } of list.sort((a, b) => a.start - b.start)) {
        parts.push(code.slice(at, start), text);
        at = end;
      }
      return parts.join("") + code.slice(at);
    },
  };
}

/** isPlain tells whether a pattern takes elements one by one: nothing in it takes the rest. */
const isPlain = (pattern) =>
  pattern.type === "ArrayPattern" && pattern.elements.every((each) => each?.type !== "RestElement");

/** numbered writes `[a, , b = 1]` as `{0: a, 2: b = 1}`. */
function numbered(pattern, code) {
  const parts = pattern.elements.map((each, i) =>
    each === null ? [] : [`${i}: ${code.slice(each.start, each.end)}`],
  );
  return `{${parts.flat().join(", ")}}`;
}

/** single throws for what tsc does not write, and a call or a declaration would read as several. */
function single(value) {
  if (value.type === "SequenceExpression")
    throw new Error(`bundle: a list without parentheses at ${value.start}`);
}

/** isArray: what is written as a list is an array. */
const isArray = ({ type, elements }) =>
  type === "ArrayExpression" && elements.every((each) => each?.type !== "SpreadElement");

// These give iterators, which loops go through anyway.
const giveIterators = new Set(["keys", "values", "matchAll"]);

const isIterator = ({ type, callee }) =>
  type === "NewExpression" || (type === "CallExpression" && giveIterators.has(callee.property?.name));

/** givesPairs: `list.entries()`, or a map's. */
const givesPairs = ({ type, callee, arguments: given }) =>
  type === "CallExpression" &&
  callee.type === "MemberExpression" &&
  !callee.computed &&
  !callee.optional &&
  callee.property.name === "entries" &&
  given.length === 0;

/** withoutIterators rewrites a module's text. */
export function withoutIterators(code) {
  const edits = newEdits(code);
  let loops = 0;
  const takeApart = (pattern, value) => {
    single(value);
    edits.replace(pattern.start, pattern.end, numbered(pattern, code));
    if (isArray(value)) return;
    edits.replace(value.start, value.start, "$taken(");
    edits.replace(value.end, value.end, `, ${pattern.elements.length})`);
  };
  const rewriteLoop = ({ start, left, right, body }) => {
    const n = loops++;
    const [{ id }] = left.declarations;
    const isPairs = givesPairs(right);
    const walked = isPairs ? right.callee.object : right;
    single(walked);
    const more = `$t${n} === undefined ? $i${n} < $s${n}.length : !($r${n} = $t${n}.next()).done`;
    const element = `$s${n}[$i${n}]`;
    const value = `$t${n} === undefined ? ${isPairs ? `[$i${n}, ${element}]` : element} : $r${n}.value`;
    const each = isPlain(id)
      ? `${numbered(id, code)} = $taken(${value}, ${id.elements.length})`
      : `${code.slice(id.start, id.end)} = ${value}`;
    edits.replace(start, right.start, `for (let $s${n} = `);
    visit(walked);
    const helper = isPairs ? "$paired" : "$pulled";
    const head = `, $t${n} = ${helper}($s${n}), $r${n}, $i${n} = 0; ${more}; $i${n}++) { ${left.kind} ${each}; `;
    // Behind the parentheses that may be around it.
    const end = isPairs ? code.lastIndexOf(".", right.callee.property.start) : right.end;
    edits.replace(end, body.start, head);
    visit(body);
    edits.replace(body.end, body.end, " }");
  };
  const visit = (node) => {
    if (node === null || typeof node !== "object") return;
    if (Array.isArray(node)) {
      for (const each of node) visit(each);
      return;
    }
    const { type, left, right, id, init, expression } = node;
    if (
      type === "ForOfStatement" &&
      left.type === "VariableDeclaration" &&
      !node.await &&
      !isIterator(right)
    ) {
      rewriteLoop(node);
      return;
    }
    if (type === "VariableDeclarator" && init !== null && isPlain(id)) {
      takeApart(id, init);
      visit(init);
      return;
    }
    if (
      type === "ExpressionStatement" &&
      expression.type === "AssignmentExpression" &&
      isPlain(expression.left)
    ) {
      edits.replace(expression.start, expression.start, "(");
      takeApart(expression.left, expression.right);
      visit(expression.right);
      edits.replace(expression.end, expression.end, ")");
      return;
    }
    for (const key in node) visit(node[key]);
  };
  visit(parseAst(code).body);
  return edits.text();
}

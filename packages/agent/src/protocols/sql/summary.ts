// What a query does to which tables, from its words (OpenTelemetry: "Generating query summary").

/** Summary is a query in a few words. */
export interface Summary {
  readonly operation: string;
  readonly collections: readonly string[];
  readonly summary: string;
}

const dml = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"]);
const commands = new Set(
  (
    "CREATE ALTER DROP TRUNCATE BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE START SET SHOW USE EXPLAIN ANALYZE CALL EXECUTE EXEC " +
    "PREPARE DEALLOCATE DECLARE FETCH CLOSE COPY LOCK UNLOCK VACUUM GRANT REVOKE LISTEN NOTIFY UNLISTEN LOAD DESCRIBE DESC " +
    "REINDEX REFRESH COMMENT DISCARD RESET CHECKPOINT CLUSTER VALUES TABLE DO END ABORT KILL FLUSH OPTIMIZE BATCH LIST MOVE"
  ).split(" "),
);
// CREATE TABLE and its like are one operation.
const objects = new Set(
  "TABLE INDEX VIEW SCHEMA DATABASE KEYSPACE TYPE FUNCTION PROCEDURE TRIGGER EVENT".split(" "),
);
// Their bodies are statements of another time.
const bodies = new Set(["FUNCTION", "PROCEDURE", "TRIGGER", "EVENT"]);
// Words between a command and its table.
const fillers = new Set(
  "IF NOT EXISTS ONLY TABLE LATERAL IGNORE LOW_PRIORITY DELAYED HIGH_PRIORITY QUICK CONCURRENTLY".split(" "),
);
// FROM inside these functions' parentheses names no table.
const fromFunctions = new Set(["EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"]);
const notTables = new Set("SELECT VALUES SET WHERE UNNEST DUAL ON USING AS STDIN STDOUT".split(" "));
const collectionLimit = 8;
const summaryLimit = 255;

/** summarise reads the words that scanSql found. */
export function summarise(words: readonly string[]): Summary {
  const parts: string[] = [];
  const collections: string[] = [];
  const defined = new Set<string>();
  const openers: string[] = [];
  let operation = "";
  let at = 0;

  const upper = (index: number): string => {
    const word = words[index];
    return word === undefined || word.startsWith("\0") ? "" : word.toUpperCase();
  };
  const isName = (index: number): boolean => {
    const word = words[index];
    return word !== undefined && (word.startsWith("\0") || /^[^().,;]/.test(word));
  };
  /** table takes a name with its dots at `index` and gives where it ends. */
  const table = (from: number, isInsert: boolean): number => {
    let index = from;
    while (fillers.has(upper(index))) index++;
    if (!isName(index) || notTables.has(upper(index))) return index;
    let name = bare(words[index++]);
    while (words[index] === "." && isName(index + 1)) {
      name += `.${bare(words[index + 1])}`;
      index += 2;
    }
    if (words[index] === "(" && !isInsert) return index;
    if (defined.has(name)) return index;
    if (!collections.includes(name) && collections.length < collectionLimit) collections.push(name);
    parts.push(name);
    return index;
  };

  while (at < words.length) {
    const word = upper(at);
    const before = upper(at - 1);
    if (words[at] === "(") {
      openers.push(before);
      // WITH name AS (...), or WITH name (columns) AS (...).
      if (before === "AS" && operation === "" && isName(at - 2)) defined.add(bare(words[at - 2]));
      at++;
    } else if (words[at] === ")") {
      openers.pop();
      at++;
    } else if (
      dml.has(word) &&
      !(before === "FOR" || before === "ON" || before === "DO" || before === "KEY")
    ) {
      if (word === "REPLACE" && (words[at + 1] === "(" || before === "OR")) {
        at++;
        continue;
      }
      if (openers.length === 0 && operation === "") operation = word;
      parts.push(word);
      at++;
      if (word === "UPDATE") at = table(at, false);
    } else if (operation === "" && openers.length === 0 && at === 0 && commands.has(word)) {
      operation = word;
      if (upper(at + 1) === "OR" && upper(at + 2) === "REPLACE") at += 2;
      const object = upper(at + 1);
      at++;
      if (word === "CREATE" || word === "ALTER" || word === "DROP") {
        parts.push(objects.has(object) ? `${word} ${object}` : word);
        if (bodies.has(object)) break;
        if (objects.has(object)) at = object === "TABLE" ? table(at + 1, true) : at + 1;
      } else {
        parts.push(word);
        if (word === "TRUNCATE" || word === "COPY") at = table(at, true);
      }
    } else if (word === "FROM" && before !== "DISTINCT" && !fromFunctions.has(openers.at(-1) ?? "")) {
      at = table(at + 1, false);
      at = alias(at);
      while (words[at] === ",") at = alias(table(at + 1, false));
    } else if (word === "JOIN") at = table(at + 1, false);
    else if (word === "INTO") at = table(at + 1, true);
    else at++;
  }
  if (operation === "") operation = parts.find((part) => dml.has(part)) ?? "";
  return { operation, collections, summary: joined(parts) };

  function alias(from: number): number {
    let index = from;
    if (upper(index) === "AS") index++;
    return isName(index) && words[index + 1] === "," ? index + 1 : from;
  }
}

function bare(word: string): string {
  return word.startsWith("\0") ? word.slice(1) : word;
}

function joined(parts: readonly string[]): string {
  let text = "";
  for (const part of parts) {
    if (text.length + part.length + 1 > summaryLimit) break;
    text += text === "" ? part : ` ${part}`;
  }
  return text;
}

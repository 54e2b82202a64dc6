import { BinaryError, type GoBinary, type GoOffsets } from "@go3s/binary";
import { type CallArguments, type CallSite, callCookie, callInside, Operation } from "./call-site.js";

/** sqlStructs are what sqlCalls needs to know of a Go version. */
export const sqlStructs = {
  "database/sql.driverConn": ["ci"],
  "database/sql.Stmt": ["query"],
} as const;

interface Row extends CallArguments {
  /** Where: a function's entry, or the call of another in it. */
  readonly in: string;
  readonly calling?: string;
}

/**
 * beginnings are the functions of database/sql that all ways into it come through, with their arguments' words (receiver
 * 0, an interface two words, a string two, a slice that does not fit into what is left goes by the stack). Unchanged from
 * Go 1.17 to 1.26 (src/database/sql/sql.go; their presence was looked up in binaries of each).
 */
const beginnings = (ci: number, query: number): readonly Row[] => [
  { in: "(*DB).queryDC", operation: Operation.query, text: 7, type: 5, typeAt: ci },
  { in: "(*DB).execDC", operation: Operation.exec, text: 5, type: 3, typeAt: ci },
  { in: "(*DB).prepareDC", operation: Operation.prepare, text: 7, type: 3, typeAt: ci },
  { in: "(*DB).beginDC", operation: Operation.begin, type: 3, typeAt: ci },
  // Which statement it is says only the method; it runs when it has got a connection.
  { in: "(*Stmt).QueryContext", text: 0, textAt: query, note: true },
  { in: "(*Stmt).ExecContext", text: 0, textAt: query, note: true },
  { in: "rowsiFromStatement", operation: Operation.statementQuery, type: 2, noted: true },
  { in: "resultFromStatement", operation: Operation.statementExec, type: 2, noted: true },
  // Rollback after Commit is common and does nothing: only one that is the first comes to withLock(tx.dc, …).
  { in: "(*Tx).Commit", calling: "withLock", operation: Operation.commit, type: 1, typeAt: ci },
  { in: "(*Tx).rollback", calling: "withLock", operation: Operation.rollback, type: 1, typeAt: ci },
];

/**
 * endings are what each call passes when it is over: a query that went well initContextClose, whatever gives its
 * connection back one of the method values that are its release function (with the error), a transaction that has begun the
 * start of the goroutine that waits for its end.
 */
const endings: readonly Row[] = [
  { in: "(*Rows).initContextClose" },
  { in: "(*driverConn).releaseConn-fm", error: 0 },
  { in: "(*Tx).closemuRUnlockRelease-fm", error: 0 },
  { in: "(*Conn).closemuRUnlockCondReleaseConn-fm", error: 0 },
  { in: "(*DB).beginDC", calling: "runtime.newproc" },
];

/** SqlCalls are the places in a program that tell its queries, and what cannot be told. */
export interface SqlCalls {
  readonly sites: readonly CallSite[];
  readonly lost: readonly string[];
}

/**
 * sqlCalls finds the sites in a Go program that uses database/sql; none in one that does not. `goid` is the offset of
 * runtime.g.goid, undefined where it is unknown or arguments are on the stack.
 */
export function sqlCalls(binary: GoBinary, offsets: GoOffsets, goid: number | undefined): SqlCalls {
  if (binary.functions.find("database/sql.withLock") === undefined) return { sites: [], lost: [] };
  if (goid === undefined) {
    const why =
      binary.version !== undefined && binary.version.minor < 17 ? "Go before 1.17" : "an unknown Go";
    return { sites: [], lost: [`queries: their goroutines and arguments cannot be read in ${why}`] };
  }
  const ci = offsets.of("database/sql.driverConn", "ci");
  const query = offsets.of("database/sql.Stmt", "query");
  if (ci === undefined || query === undefined) {
    return { sites: [], lost: ["queries: unknown struct offsets of database/sql"] };
  }
  const sites: CallSite[] = [];
  const lost: string[] = [];
  const add = (program: "begin" | "end", rows: readonly Row[]): void => {
    for (const row of rows) {
      try {
        const fileOffset = place(binary, row);
        if (fileOffset !== undefined) sites.push({ program, fileOffset, cookie: callCookie(row, goid) });
      } catch (error) {
        if (!(error instanceof BinaryError)) throw error;
        lost.push(`queries by database/sql.${row.in}: ${error.message}`);
      }
    }
  };
  add("begin", beginnings(ci, query));
  add("end", endings);
  return { sites, lost };
}

/** place gives a row's file offset; undefined when the program lacks the function, or never makes that call. */
function place(binary: GoBinary, row: Row): number | undefined {
  const name = `database/sql.${row.in}`;
  if (row.calling !== undefined) {
    const callee = row.calling.startsWith("runtime.") ? row.calling : `database/sql.${row.calling}`;
    return callInside(binary, name, callee);
  }
  const found = binary.functions.find(name);
  return found === undefined ? undefined : binary.probeAddress(found).fileOffset;
}

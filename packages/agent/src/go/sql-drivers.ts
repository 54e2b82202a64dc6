import type { Dialect } from "../protocols/sql/scan.js";

/** SqlDriver is what a driver's package says about the database behind it. */
export interface SqlDriver {
  /** system is the value of db.system.name (OpenTelemetry's registry of database attributes). */
  readonly system: string;
  /** dialect is how its text is read to take literals out. */
  readonly dialect: Dialect;
}

// By the import path of the package that has the driver's connection type; a module's major version and what lies below
// it do not matter.
const drivers: readonly (readonly [path: string, system: string, dialect: Dialect])[] = [
  ["github.com/lib/pq", "postgresql", "postgresql"],
  ["github.com/jackc/pgx", "postgresql", "postgresql"],
  ["github.com/uptrace/bun/driver/pgdriver", "postgresql", "postgresql"],
  ["github.com/go-sql-driver/mysql", "mysql", "mysql"],
  ["github.com/go-mysql-org/go-mysql", "mysql", "mysql"],
  ["github.com/mattn/go-sqlite3", "sqlite", "postgresql"],
  ["modernc.org/sqlite", "sqlite", "postgresql"],
  ["github.com/glebarez/go-sqlite", "sqlite", "postgresql"],
  ["github.com/ncruces/go-sqlite3", "sqlite", "postgresql"],
  ["github.com/microsoft/go-mssqldb", "microsoft.sql_server", "postgresql"],
  ["github.com/denisenkom/go-mssqldb", "microsoft.sql_server", "postgresql"],
  ["github.com/ClickHouse/clickhouse-go", "clickhouse", "mysql"],
  ["github.com/godror/godror", "oracle.db", "postgresql"],
  ["github.com/sijms/go-ora", "oracle.db", "postgresql"],
  ["github.com/trinodb/trino-go-client", "trino", "postgresql"],
  ["github.com/googleapis/go-sql-spanner", "gcp.spanner", "mysql"],
];

const unknown: SqlDriver = { system: "other_sql", dialect: "postgresql" };

/** sqlDriver tells by a connection's type, "github.com/lib/pq.(*conn)", which database it is. */
export function sqlDriver(type: string): SqlDriver {
  const path = type.slice(type.lastIndexOf("/vendor/") < 0 ? 0 : type.lastIndexOf("/vendor/") + 8);
  for (const [known, system, dialect] of drivers) {
    if (path.startsWith(known) && /^[./]/.test(path.slice(known.length))) return { system, dialect };
  }
  return unknown;
}

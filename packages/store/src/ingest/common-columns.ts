import type { NamedColumn } from "../columns/block.js";
import { Int64Column } from "../columns/fixed.js";
import { NestedColumn } from "../columns/nested.js";
import { WordColumn } from "../columns/word.js";
import { FIRST_OF_ROWS } from "../schema/row-columns.js";
import { packedResource, type ResourceAttribute, type ResourceRow, resourceRow } from "./resource.js";

/** ScopeRow is an instrumentation scope as numbers in the block's dictionaries. */
export interface ScopeRow {
  readonly name: number;
  readonly version: number;
}

/** ResourceColumns are the columns that a resource's attributes go into. */
interface ResourceColumns {
  readonly named: readonly NamedColumn[];
  rowOf(attributes: readonly ResourceAttribute[], services: WordColumn): ResourceRow;
  fill(resource: ResourceRow, count: number): void;
}

/** packedColumns are those of schema/rows.sql: all keys one word, all values another. */
function packedColumns(): ResourceColumns {
  const keys = new WordColumn();
  const values = new WordColumn();
  return {
    named: [
      { name: FIRST_OF_ROWS, column: keys },
      { name: "resource_values", column: values },
    ],
    rowOf: (attributes, services) => packedResource(attributes, services, keys, values),
    fill(resource, count) {
      keys.fill(resource.keys[0], count);
      values.fill(resource.values[0], count);
    },
  };
}

/** mapColumn is a Map. Its values are words too: the same few for thousands of rows, 2 bytes each instead of their text again and again. */
function mapColumn(): ResourceColumns {
  const keys = new WordColumn();
  const values = new WordColumn();
  const column = new NestedColumn("Map(LowCardinality(String), LowCardinality(String))", [keys, values]);
  return {
    named: [{ name: "resource_attributes", column }],
    rowOf: (attributes, services) => resourceRow(attributes, services, keys, values),
    fill(resource, count) {
      keys.repeat(resource.keys, count);
      values.repeat(resource.values, count);
      column.endRows(resource.keys.length, count);
    },
  };
}

/** CommonColumns are the columns that every signal has and that are the same for all rows of one scope of one resource. */
export class CommonColumns {
  readonly tenant = new WordColumn();
  readonly resourceIds = new Int64Column("UInt64");
  readonly service = new WordColumn();
  readonly scopeName = new WordColumn();
  readonly scopeVersion = new WordColumn();
  private readonly resource: ResourceColumns;
  readonly named: readonly NamedColumn[];

  /** Resources as a map, or `packed` into two texts. */
  constructor(packed: boolean) {
    this.resource = packed ? packedColumns() : mapColumn();
    this.named = [
      ...this.resource.named,
      { name: "tenant", column: this.tenant },
      { name: "resource_id", column: this.resourceIds },
      { name: "service_name", column: this.service },
      { name: "scope_name", column: this.scopeName },
      { name: "scope_version", column: this.scopeVersion },
    ];
  }

  /** rowOf puts a resource's texts into the dictionaries, and the tenant's, where it names one. */
  rowOf(attributes: readonly ResourceAttribute[], tenant: string | undefined): ResourceRow {
    const row = this.resource.rowOf(attributes, this.service);
    return tenant === undefined ? row : { ...row, tenant: this.tenant.numberOfText(tenant) };
  }

  /** fill appends `count` rows of one scope of one resource. */
  fill(tenant: number, resource: ResourceRow, scope: ScopeRow, count: number): void {
    this.tenant.fill(tenant, count);
    this.resourceIds.fill(resource.idLo, resource.idHi, count);
    this.service.fill(resource.service, count);
    this.scopeName.fill(scope.name, count);
    this.scopeVersion.fill(scope.version, count);
    this.resource.fill(resource, count);
  }
}

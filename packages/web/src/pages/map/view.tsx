import type { MapAnswer, MapNode } from "@go3s/server";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { param, range, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { plural } from "../../base/number.js";
import { FirstSteps } from "../../panels/first-steps.js";
import { MapDrawer } from "../../panels/map-drawer.js";
import { Bytes, Duration, ErrorShare, Rate, Service } from "../../widgets/figure.js";
import { type Graph, graphOf, type Pair, redOf } from "../../widgets/map/graph.js";
import { MapView } from "../../widgets/map/map-view.js";
import { LastSeen, Region } from "../../widgets/region.js";
import { type Column, ordered, Table } from "../../widgets/table.js";

/** View is the service map: calls from spans, connections from TCP, as a drawing or as a table. */
export function View(): JSX.Element {
  const answer = useAnswer<MapAnswer>(apiUrl("map", { ...range.value }), true);
  return (
    <div class="list">
      <Region answer={answer} what="map" rows={8}>
        {(data) =>
          data.nodes.length === 0 ? (
            <FirstSteps>
              <LastSeen what="call or connection" last={data.last_seen_ms} />
            </FirstSteps>
          ) : (
            <Shown data={data} />
          )
        }
      </Region>
    </div>
  );
}

function Shown({ data }: { data: MapAnswer }): JSX.Element {
  const all = param("outside") === "each";
  const source = param("source");
  const asTable = param("as") === "table";
  const graph = useMemo(() => graphOf(of(data, source), all), [data, source, all]);
  const names = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph]);
  const wanted = param("selected");
  const byName = graph.nodes.find((node) => node.name === wanted)?.id;
  const selected = byName ?? wanted;
  return (
    <>
      <div class="strip">
        <h1>Map</h1>
        <span class="dim">
          {plural(graph.nodes.length, "node")}, {plural(graph.pairs.length, "edge")}
        </span>
        <span class="grow" />
        <Choice
          name="source"
          value={source}
          options={[
            ["", "Spans and TCP"],
            ["spans", "Spans"],
            ["tcp", "TCP"],
          ]}
        />
        {graph.merged > 0 || all ? (
          <Choice
            name="outside"
            value={param("outside")}
            options={[
              ["", "Outside as one"],
              ["each", "Each address"],
            ]}
          />
        ) : null}
        <Choice
          name="as"
          value={param("as")}
          options={[
            ["", "Drawing"],
            ["table", "Table"],
          ]}
        />
      </div>
      <div class="split">
        {asTable ? (
          <EdgeTable graph={graph} names={names} selected={selected} />
        ) : (
          <MapView graph={graph} selected={selected} onSelect={(id) => setParams({ selected: id })} />
        )}
        {selected === "" ? null : (
          <MapDrawer graph={graph} id={selected} onClose={() => setParams({ selected: undefined })} />
        )}
      </div>
    </>
  );
}

/** of keeps what one source saw: its edges and the nodes they touch. */
function of(data: MapAnswer, source: string): MapAnswer {
  if (source === "") return data;
  const edges = data.edges.filter((edge) => edge.source === source);
  const touched = new Set(edges.flatMap((edge) => [edge.from, edge.to]));
  return { ...data, edges, nodes: data.nodes.filter((node) => touched.has(node.id)) };
}

function Choice({
  name,
  value,
  options,
}: {
  name: string;
  value: string;
  options: readonly (readonly [string, string])[];
}): JSX.Element {
  return (
    <span class="row" role="group" aria-label={name}>
      {options.map(([key, title]) => (
        <button
          key={key}
          type="button"
          class="button bare"
          aria-pressed={value === key}
          onClick={() => setParams({ [name]: key }, "replace")}
        >
          {title}
        </button>
      ))}
    </span>
  );
}

function EdgeTable({
  graph,
  names,
  selected,
}: {
  graph: Graph;
  names: ReadonlyMap<string, MapNode>;
  selected: string;
}): JSX.Element {
  const columns = useMemo(() => edgeColumns(names), [names]);
  const order = param("sort") || "-rate";
  return (
    <Table
      label="Edges of the map"
      columns={columns}
      rows={ordered(graph.pairs, columns, order)}
      rowKey={(row) => row.id}
      open={(row) => () => setParams({ selected: row.id })}
      chosen={selected}
      order={order}
      onOrder={(sort) => setParams({ sort })}
      fill
      keys
    />
  );
}

function edgeColumns(names: ReadonlyMap<string, MapNode>): readonly Column<Pair>[] {
  const name = (id: string) => names.get(id)?.name ?? id;
  return [
    {
      id: "from",
      title: "From",
      track: "minmax(100px, 2fr)",
      sort: (row) => name(row.from),
      cell: (row) => <Service name={name(row.from)} />,
    },
    {
      id: "to",
      title: "To",
      track: "minmax(100px, 2fr)",
      sort: (row) => name(row.to),
      cell: (row) => <Service name={name(row.to)} />,
    },
    {
      id: "source",
      title: "Seen by",
      track: "90px",
      from: 640,
      cell: (row) => (
        <span class="dim">
          {row.spans === undefined ? "TCP" : row.tcp === undefined ? "spans" : "spans, TCP"}
        </span>
      ),
    },
    {
      id: "rate",
      title: "Rate",
      track: "72px",
      end: true,
      sort: (row) => redOf(row)?.rate ?? 0,
      cell: (row) => <Rate of={redOf(row)?.rate ?? 0} />,
    },
    {
      id: "errors",
      title: "Errors",
      track: "60px",
      end: true,
      sort: (row) => redOf(row)?.error_share ?? 0,
      cell: (row) => <ErrorShare share={redOf(row)?.error_share ?? 0} errors={redOf(row)?.errors ?? 0} />,
    },
    {
      id: "p99",
      title: "p99",
      track: "76px",
      end: true,
      sort: (row) => redOf(row)?.p99_ns ?? 0,
      cell: (row) => <Duration ns={redOf(row)?.p99_ns} />,
    },
    {
      id: "bytes",
      title: "Bytes",
      track: "80px",
      end: true,
      from: 640,
      hint: "sent and received, by TCP",
      sort: (row) => (row.tcp?.bytes_sent ?? 0) + (row.tcp?.bytes_received ?? 0),
      cell: (row) => (
        <Bytes of={row.tcp === undefined ? null : row.tcp.bytes_sent + row.tcp.bytes_received} />
      ),
    },
  ];
}

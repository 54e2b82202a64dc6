import type { MapEdge, MapNode, Red, TcpAnswer, TcpRow } from "@go3s/server";
import type { JSX } from "preact";
import { linkTo, range } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { apiUrl } from "../base/api.js";
import { countText } from "../base/number.js";
import { cell } from "../base/text.js";
import { filterTerm } from "../widgets/attributes.js";
import { Drawer } from "../widgets/drawer.js";
import { Bytes, Duration, ErrorShare, Moment, Rate, Service } from "../widgets/figure.js";
import type { Graph, Pair } from "../widgets/map/graph.js";
import { Region } from "../widgets/region.js";

/** MapDrawer shows a node or an edge of the map: its figures and where they lead. */
export function MapDrawer({
  graph,
  id,
  onClose,
}: {
  graph: Graph;
  id: string;
  onClose: () => void;
}): JSX.Element {
  const node = graph.nodes.find((row) => row.id === id);
  const pair = graph.pairs.find((row) => row.id === id);
  const name = (of: string) => graph.nodes.find((row) => row.id === of)?.name ?? of;
  if (node !== undefined) {
    return (
      <Drawer label="Node of the map" onClose={onClose} title={<NodeTitle of={node} />}>
        <NodeDetails of={node} graph={graph} />
      </Drawer>
    );
  }
  if (pair !== undefined) {
    return (
      <Drawer
        label="Edge of the map"
        onClose={onClose}
        title={<PairTitle from={name(pair.from)} to={name(pair.to)} />}
      >
        <PairDetails of={pair} from={name(pair.from)} to={name(pair.to)} />
      </Drawer>
    );
  }
  return (
    <Drawer label="Not on the map" onClose={onClose} title={<h2>Not in this range</h2>}>
      <p>
        <code>{cell(id, 200)}</code> has no call and no connection in this range.
      </p>
    </Drawer>
  );
}

const NodeTitle = ({ of }: { of: MapNode }): JSX.Element => (
  <h2>
    <Service name={of.name} /> <span class="dim">{of.kind}</span>
  </h2>
);

const PairTitle = ({ from, to }: { from: string; to: string }): JSX.Element => (
  <h2 class="row wrap">
    <Service name={from} /> → <Service name={to} />
  </h2>
);

function Figures({ of, words }: { of: Red; words: string }): JSX.Element {
  return (
    <dl class="facts small">
      <div>
        <dt>
          {words} ({countText(of.requests)})
        </dt>
        <dd>
          <Rate of={of.rate} />
        </dd>
      </div>
      <div>
        <dt>errors</dt>
        <dd>
          <ErrorShare share={of.error_share} errors={of.errors} />
        </dd>
      </div>
      <div>
        <dt>p50</dt>
        <dd>
          <Duration ns={of.p50_ns} />
        </dd>
      </div>
      <div>
        <dt>p99</dt>
        <dd>
          <Duration ns={of.p99_ns} />
        </dd>
      </div>
    </dl>
  );
}

function NodeDetails({ of, graph }: { of: MapNode; graph: Graph }): JSX.Element {
  const name = (id: string) => graph.nodes.find((row) => row.id === id)?.name ?? id;
  const inward = graph.pairs.filter((pair) => pair.to === of.id);
  const outward = graph.pairs.filter((pair) => pair.from === of.id);
  return (
    <>
      {of.requests === 0 ? (
        <p class="dim">No request to it was seen as a span.</p>
      ) : (
        <Figures of={of} words="requests" />
      )}
      {of.kind === "service" || of.kind === "process" ? (
        <p class="row wrap">
          <a class="button" href={linkTo(`/services/${encodeURIComponent(of.name)}`)}>
            Service
          </a>
          <a class="button" href={linkTo("/traces", { q: filterTerm("service", of.name) })}>
            Traces
          </a>
          <a class="button" href={linkTo("/logs", { q: filterTerm("service", of.name) })}>
            Logs
          </a>
        </p>
      ) : null}
      <Others title="From" rows={inward.map((pair) => [pair, name(pair.from)])} />
      <Others title="To" rows={outward.map((pair) => [pair, name(pair.to)])} />
    </>
  );
}

const Others = ({
  title,
  rows,
}: {
  title: string;
  rows: readonly (readonly [Pair, string])[];
}): JSX.Element | null =>
  rows.length === 0 ? null : (
    <section>
      <h3>{title}</h3>
      <ul>
        {rows.slice(0, 40).map(([pair, name]) => (
          <li key={pair.id} class="row">
            <a class="grow cut" href={linkTo("/map", { selected: pair.id })}>
              <Service name={name} />
            </a>
            <Rate of={(pair.spans ?? pair.tcp)?.rate ?? 0} />
          </li>
        ))}
      </ul>
    </section>
  );

function PairDetails({ of, from, to }: { of: Pair; from: string; to: string }): JSX.Element {
  return (
    <>
      {of.spans === undefined ? null : (
        <section>
          <h3>Calls, from spans</h3>
          <Figures of={of.spans} words="calls" />
          <p class="row wrap">
            <a class="button" href={linkTo("/traces", { q: `${filterTerm("service", from)} kind:client` })}>
              Calls by {cell(from, 40)}
            </a>
            <a class="button" href={linkTo("/traces", { q: filterTerm("service", to) })}>
              Traces of {cell(to, 40)}
            </a>
          </p>
        </section>
      )}
      {of.tcp === undefined ? null : <Tcp of={of.tcp} from={from} to={to} />}
    </>
  );
}

function Tcp({ of, from, to }: { of: MapEdge; from: string; to: string }): JSX.Element {
  const answer = useAnswer<TcpAnswer>(apiUrl("tcp", { limit: 500, ...range.value }));
  const between = (row: TcpRow) =>
    (row.service_name === from && (row.peer_service === to || row.peer.startsWith(to))) ||
    (row.service_name === to && (row.peer_service === from || row.peer.startsWith(from)));
  return (
    <section>
      <h3>TCP connections</h3>
      <Figures of={of} words="connections" />
      <p class="dim">
        <Bytes of={of.bytes_sent} /> sent, <Bytes of={of.bytes_received} /> received; durations are connect
        times
      </p>
      <Region answer={answer} what="connections" rows={4}>
        {(data) => {
          const rows = data.connections.filter(between).slice(0, 50);
          return rows.length === 0 ? (
            <p class="dim">
              None of the newest {countText(data.connections.length)} connections is between these two.
            </p>
          ) : (
            <ul class="events">
              {rows.map((row) => (
                <li key={`${row.timestamp_ns}${row.local}${row.peer}${row.event}`}>
                  <Moment ns={row.timestamp_ns} />
                  <span class={row.error_type === "" ? "dim" : "bad"}>
                    {row.error_type === "" ? row.event.slice(4) : cell(row.error_type, 30)}
                  </span>
                  <span class="what">
                    {cell(row.local, 60)} → {cell(row.peer, 60)}
                    {row.connect_ns === null ? null : (
                      <>
                        {" "}
                        <Duration ns={row.connect_ns} />
                      </>
                    )}
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Region>
    </section>
  );
}

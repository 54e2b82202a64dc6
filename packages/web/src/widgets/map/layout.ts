import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";
import { type Graph, nodeSize } from "./graph.js";

// The layout runs in a worker of its own; the file is loaded when the first map opens.

/** Placed is a layout: a box per node, a line per pair. */
export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  readonly lines: ReadonlyMap<string, readonly { readonly x: number; readonly y: number }[]>;
}

let elk: InstanceType<typeof ELK> | undefined;

/** placeGraph lays a graph out in layers from callers to callees. The same graph gives the same places. */
export async function placeGraph(graph: Graph, down: boolean): Promise<Placed> {
  elk ??= new ELK({ workerUrl });
  const known = new Set(graph.nodes.map((node) => node.id));
  const pairs = graph.pairs.filter(
    (pair) => known.has(pair.from) && known.has(pair.to) && pair.from !== pair.to,
  );
  const request: ElkNode = {
    id: "map",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": down ? "DOWN" : "RIGHT",
      "elk.edgeRouting": "SPLINES",
      "elk.layered.spacing.nodeNodeBetweenLayers": down ? "70" : "130",
      "elk.spacing.nodeNode": "30",
      "elk.spacing.edgeNode": "20",
      "elk.spacing.componentComponent": "40",
      "elk.separateConnectedComponents": "true",
      "elk.aspectRatio": down ? "0.6" : "1.7",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: graph.nodes.map((node) => ({ id: node.id, ...nodeSize })),
    edges: pairs.map((pair) => ({ id: pair.id, sources: [pair.from], targets: [pair.to] })),
  };
  const laid: ElkNode = await elk.layout(request);
  const nodes = new Map((laid.children ?? []).map((node) => [node.id, { x: node.x ?? 0, y: node.y ?? 0 }]));
  const lines = new Map(
    (laid.edges ?? []).map((edge) => {
      const section = edge.sections?.[0];
      const points =
        section === undefined ? [] : [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
      return [edge.id, points.map(({ x, y }) => ({ x, y }))];
    }),
  );
  return { width: laid.width ?? 0, height: laid.height ?? 0, nodes, lines };
}

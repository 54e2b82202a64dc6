import type { GoBinary, GoOffsets } from "@go3s/binary";
import { grpcSites } from "./grpc-sites.js";
import { http2Sites } from "./http2-sites.js";
import { messageSites } from "./message-sites.js";
import { saramaSites } from "./sarama-sites.js";
import type { StreamSite } from "./stream-site.js";
import { streamOffsets } from "./stream-structs.js";

/** GoStreams is what tells a program's streams of HTTP/2, and the messages that it takes from brokers. */
export interface GoStreams {
  readonly sites: readonly StreamSite[];
  /** grpc is the layout of google.golang.org/grpc; http2 are those of the libraries that the program has, by their number. */
  readonly grpc: Uint8Array | undefined;
  readonly http2: readonly (readonly [which: number, layout: Uint8Array])[];
  /** sarama is the layout of what is received from its channels. */
  readonly sarama?: Uint8Array | undefined;
  readonly lost: readonly string[];
}

/** noStreams is a program without any. */
export const noStreams: GoStreams = { sites: [], grpc: undefined, http2: [], lost: [] };

/** goStreams looks for the libraries that speak HTTP/2; `goid` is the place of runtime.g.goid, without which there is nothing. */
export function goStreams(binary: GoBinary, offsets: GoOffsets, goid: number | undefined): GoStreams {
  if (goid === undefined) return noStreams;
  const places = streamOffsets(binary, offsets);
  const grpc = grpcSites(binary, places);
  const libraries = ([0, 1] as const).map((which) => http2Sites(binary, places, which));
  const messages = messageSites(binary, offsets);
  const sarama = saramaSites(binary, offsets);
  return {
    sites: [grpc, ...libraries, messages, sarama].flatMap((library) => library?.sites ?? []),
    grpc: grpc?.layout,
    http2: libraries.flatMap((library, which) =>
      library === undefined ? [] : [[which, library.layout] as const],
    ),
    sarama: sarama?.layout,
    lost: [grpc, ...libraries, messages, sarama].flatMap((library) => library?.lost ?? []),
  };
}

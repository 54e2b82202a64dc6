import { prepareBareLoader } from "./bare-loader.js";
import { prepareGoAuto } from "./go-auto.js";
import type { Peer } from "./peer.js";

/** peerNames: bare loaders in C read the one service that they are written for, HTTP/1 by net/http; go-auto any of them. */
export const peerNames = ["sockets", "uprobes", "go-auto"] as const;
export type PeerName = (typeof peerNames)[number];

/** preparePeer builds a peer in the folder; `program` is the Go program that it will observe. */
export async function preparePeer(name: PeerName, folder: string, program: string): Promise<Peer> {
  return name === "go-auto" ? prepareGoAuto(folder) : prepareBareLoader(name, folder, program);
}

import { prepareBareLoader } from "./bare-loader.js";
import { prepareGoAuto } from "./go-auto.js";
import type { Peer } from "./peer.js";

export type PeerName = "sockets" | "uprobes" | "go-auto";

/**
 * peersOf: the bare loader at the sockets reads HTTP/1 of any process, the one by uprobes net/http only; go-auto any Go program.
 * `option` names the service as the command line does, "" is net/http.
 */
export function peersOf(option: string): readonly PeerName[] {
  if (option === "") return ["sockets", "uprobes", "go-auto"];
  return option === "node" ? ["sockets"] : ["go-auto"];
}

/** preparePeer builds a peer in the folder; `program` is the Go program that it will observe. */
export async function preparePeer(name: PeerName, folder: string, program: string): Promise<Peer> {
  return name === "go-auto" ? prepareGoAuto(folder) : prepareBareLoader(name, folder, program);
}

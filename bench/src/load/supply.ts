import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type LoadRequest, type LoadShape, newLoadRequest } from "./requests.js";

/** Ready is a request that can be sent. */
export interface Ready {
  readonly body: Uint8Array;
}

/** Supply gives requests with fresh random ids; undefined when there is none now (or ever again). */
export interface Supply {
  take(): Ready | undefined;
  giveBack(ready: Ready): void;
}

/** freshSupply renews requests while the load runs; as many can be under way as are asked for. */
export function freshSupply(shape: LoadShape, inFlight: number): Supply {
  const spare = Array.from({ length: inFlight }, () => newLoadRequest("bench", shape));
  const taken = new Map<Uint8Array, LoadRequest>();
  return {
    take() {
      const request = spare.pop();
      if (request === undefined) return undefined;
      request.renew();
      taken.set(request.body, request);
      return request;
    },
    giveBack({ body }) {
      const request = taken.get(body);
      taken.delete(body);
      if (request !== undefined) spare.push(request);
    },
  };
}

// What zlib's users get who do not choose: the exporters of the SDKs and the Collector do not.
const level = 6;
const atOnce = 4;

/**
 * packedSupply compresses all requests before the load runs, since compressing costs the generator more than taking costs the
 * server (2.5 us of CPU a span against 0.3). Each is sent once, so its ids are as fresh as the others'; its times are the
 * preparation's.
 */
export async function packedSupply(shape: LoadShape, requests: number): Promise<Supply> {
  const pack = promisify<Uint8Array, { readonly level: number }, Buffer>(gzip);
  const packed: Ready[] = [];
  let left = requests;
  const worker = async (): Promise<void> => {
    const request = newLoadRequest("bench", shape);
    for (; left > 0; left--) {
      request.renew();
      packed.push({ body: await pack(request.body, { level }) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { take: () => packed.pop(), giveBack: () => undefined };
}

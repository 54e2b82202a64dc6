import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, type Store, type StoreOptions } from "@go3s/store";
import { type RunningServer, type ServerOptions, startServer } from "../server.js";

/** Started is a server on free ports of loopback over a store of its own. */
export interface Started {
  readonly server: RunningServer;
  readonly store: Store;
  /** dir is the store's, own or given; only an own one is removed by close(). */
  readonly dir: string;
  close(): Promise<void>;
}

/** start opens a store in a new folder and a server over it. */
export async function start(
  options: Partial<ServerOptions> = {},
  storeOptions: Partial<StoreOptions> = {},
): Promise<Started> {
  const own = storeOptions.dir === undefined ? mkdtempSync(join(tmpdir(), "go3s-server-")) : undefined;
  const removeOwn = (): void => {
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  };
  const dir = storeOptions.dir ?? own ?? "";
  let store: Store | undefined;
  try {
    const opened = await openStore({ ...storeOptions, dir });
    store = opened;
    const server = await startServer({
      store: opened,
      ports: { web: 0, otlpHttp: 0, otlpGrpc: 0 },
      ...options,
    });
    return {
      server,
      store: opened,
      dir,
      async close() {
        await server.close();
        await opened.close();
        removeOwn();
      },
    };
  } catch (error) {
    await store?.close();
    removeOwn();
    throw error;
  }
}

/** Answer is what came back for one request. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** send makes one HTTP request with exactly these headers. */
export function send(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array;
    readonly path?: string;
  } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body, path } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method,
      headers,
      agent: false,
      ...(path === undefined ? {} : { path }),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.end(body);
  });
}

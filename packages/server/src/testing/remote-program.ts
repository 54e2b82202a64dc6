import { openStore, type StoreOptions } from "@go3s/store";
import { startServer } from "../server.js";

/* A program for tests: a whole server over a store with these options, to be killed at any moment. It says where it takes OTLP. */
process.once("message", (options: StoreOptions) => {
  void (async () => {
    const store = await openStore(options);
    const server = await startServer({ store, ports: { web: 0, otlpHttp: 0, otlpGrpc: 0 } });
    process.send?.(server.addresses.otlp_http);
  })();
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

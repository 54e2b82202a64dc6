import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { StoreError, type StoreErrorCode } from "@go3s/store";
import { decodeProtobuf, RpcStatus } from "@go3s/telemetry";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { shopSpans } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";

let started: Started;
let failure: StoreErrorCode | undefined;
const body = shopSpans(Date.now());

before(async () => {
  started = await start();
  // The store's own tests fill a real disk; here its answer is what matters.
  const append = started.store.append.bind(started.store);
  started.store.append = (blocks) =>
    failure === undefined
      ? append(blocks)
      : Promise.reject(new StoreError(failure, "no room", { hint: "make room" }));
});
after(() => started.close());

const cases: readonly {
  readonly failure: StoreErrorCode;
  readonly http: number;
  readonly grpc: number;
  readonly seconds: string;
}[] = [
  { failure: "disk-full", http: 503, grpc: status.RESOURCE_EXHAUSTED, seconds: "5" },
  { failure: "store-busy", http: 429, grpc: status.UNAVAILABLE, seconds: "1" },
  { failure: "log-failed", http: 503, grpc: status.UNAVAILABLE, seconds: "5" },
  { failure: "closed", http: 503, grpc: status.UNAVAILABLE, seconds: "5" },
];

for (const row of cases) {
  test(`${row.failure}: ${row.http} with Retry-After, gRPC ${row.grpc} with RetryInfo; then it goes on`, async () => {
    failure = row.failure;
    const headers = { "content-type": "application/x-protobuf" };
    const answer = await send(`${started.server.addresses.otlp_http}/v1/traces`, {
      method: "POST",
      headers,
      body,
    });
    assert.equal(answer.status, row.http);
    assert.equal(answer.headers["retry-after"], row.seconds);
    const told = decodeProtobuf(RpcStatus, answer.body);
    assert.equal(told.code, row.grpc);
    assert.match(told.details[0]?.typeUrl ?? "", /RetryInfo$/);

    const refused = await callGrpc();
    assert.equal(refused?.code, row.grpc);
    const details = refused?.metadata.get("grpc-status-details-bin")[0];
    assert.ok(Buffer.isBuffer(details));
    assert.match(decodeProtobuf(RpcStatus, details).details[0]?.typeUrl ?? "", /RetryInfo$/);

    failure = undefined;
    const again = await send(`${started.server.addresses.otlp_http}/v1/traces`, {
      method: "POST",
      headers,
      body,
    });
    assert.equal(again.status, 200);
    assert.equal(await callGrpc(), undefined);
  });
}

function callGrpc(): Promise<ServiceError | undefined> {
  const client = new Client(started.server.addresses.otlp_grpc, credentials.createInsecure());
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const identity = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, identity, identity, Buffer.from(body), new Metadata(), (error) => {
      client.close();
      resolve(error ?? undefined);
    });
  });
}

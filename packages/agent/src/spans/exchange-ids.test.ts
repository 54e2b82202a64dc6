import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "../events/layout.js";
import { requestRecord, responseRecord } from "../events/sample-records.js";
import { newHttpRig, sample } from "../testing/http-rig.js";

const { get, ok, withParent, trace, parent, server, client } = sample;

test("an incoming traceparent is honoured", () => {
  const { feed, spans } = newHttpRig();
  feed(requestRecord(withParent, server), responseRecord(ok, { exchange: 1, ns: 2000 }));
  const [span] = spans();
  assert.equal(span?.traceId, trace);
  assert.equal(span?.parentSpanId, parent);
  assert.equal(span?.traceState, "k=v");
});

test("a client's span is the child of its server request, and the next server's span the child of that, without headers", () => {
  const { feed, spans } = newHttpRig();
  feed(
    requestRecord(withParent, server),
    requestRecord("GET /stock HTTP/1.1\r\nHost: stock\r\n\r\n", client),
    requestRecord("GET /stock HTTP/1.1\r\nHost: stock\r\n\r\n", {
      ...server,
      tgid: 8,
      exchange: 3,
      localPort: 9090,
      peerPort: 40000,
    }),
    responseRecord(ok, { exchange: 3, ns: 1700 }),
    responseRecord(ok, { exchange: 2, ns: 1800, role: Role.client }),
    responseRecord(ok, { exchange: 1, ns: 2000 }),
  );
  const [far, middle, near] = spans();
  assert.deepEqual([far?.traceId, middle?.traceId, near?.traceId], [trace, trace, trace]);
  assert.equal(middle?.parentSpanId, near?.spanId);
  assert.equal(far?.parentSpanId, middle?.spanId);
  assert.equal(middle?.kind, 3);
});

test("the far side is joined when its record comes before the client's", () => {
  const { feed, spans } = newHttpRig();
  feed(
    requestRecord(get, { ...server, tgid: 8, exchange: 3, localPort: 9090, peerPort: 40000 }),
    requestRecord(get, { ...client, parent: 0 }),
    responseRecord(ok, { exchange: 2, ns: 1800, role: Role.client }),
    responseRecord(ok, { exchange: 3, ns: 1900 }),
  );
  const [near, far] = spans();
  assert.equal(far?.parentSpanId, near?.spanId);
  assert.equal(far?.traceId, near?.traceId);
});

test("a connection's second request is not taken for the first one's child", () => {
  const { feed, spans } = newHttpRig();
  const far = { ...server, tgid: 8, localPort: 9090, peerPort: 40000 };
  feed(
    requestRecord(get, { ...client, parent: 0 }),
    requestRecord(get, { ...far, exchange: 3 }),
    responseRecord(ok, { exchange: 3, ns: 1700 }),
    requestRecord(get, { ...far, exchange: 4 }),
    responseRecord(ok, { exchange: 4, ns: 1900 }),
  );
  const [first, second] = spans();
  assert.notEqual(first?.parentSpanId, "");
  assert.equal(second?.parentSpanId, "");
});

test("a client that passes its trace's header on keeps its own server request as parent", () => {
  const { feed, spans } = newHttpRig();
  feed(
    requestRecord(withParent, server),
    requestRecord(withParent, client),
    responseRecord(ok, { exchange: 2, ns: 1, role: Role.client }),
    responseRecord(ok, { exchange: 1, ns: 2 }),
  );
  const [inner, outer] = spans();
  assert.equal(inner?.parentSpanId, outer?.spanId);
});

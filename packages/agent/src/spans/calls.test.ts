import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallEndEvent, CallEvent } from "../events/call.js";
import { Operation } from "../go/call-site.js";
import { newCalls } from "./calls.js";
import { newProcessSpans } from "./process-spans.js";
import { newRouteTable } from "./routes.js";

const memory = Buffer.from("orders");
const untold = 0xffffffff;

/** newSends makes calls of one process that send messages to a topic, and gives the times at which those began that were told. */
function newSends() {
  const process = newProcessSpans({
    tgid: 7,
    serviceName: "shop",
    resource: new Uint8Array(0),
    routes: newRouteTable(),
  });
  const told: number[] = [];
  const calls = newCalls({
    processOf: () => process,
    adopt: () => false,
    emit: ({ startNs }) => told.push(startNs),
  });
  const begin = (goid: number, ns: number, messages: number, parent = 0, ofFirst = false): void => {
    const event: CallEvent = {
      ...{ memory, operation: Operation.send, tgid: 7, ns, goid, type: messages, parent, hops: 0, ofFirst },
      ...{ text: 0, textLength: 6, textBytes: 6 },
    };
    calls.call(event);
  };
  const end = (goid: number, ns: number): void => {
    const event: CallEndEvent = {
      ...{ tgid: 7, ns, goid, errorType: 0, connection: 0, memory, last: 0, lastLength: 0 },
      ...{ earlier: 0, earlierLength: 0, failure: 0, failureLength: 0 },
    };
    calls.callEnd(event);
  };
  const whose = (ns: number, messages: number) => {
    const sender = calls.sending(7, "orders", ns, messages);
    return sender && [sender.startNs, sender.isOnly];
  };
  return { process, calls, told, begin, end, whose };
}

test("a request is of the oldest call that waits, and that one only if no other does", () => {
  const { begin, end, whose } = newSends();
  begin(1, 100, 1);
  assert.deepEqual(whose(110, 1), [100, true]);
  begin(2, 120, 1);
  assert.deepEqual(whose(130, 2), [100, false]);
  end(1, 140);
  end(2, 140);
  assert.equal(whose(150, 1), undefined, "both were seen on their way");
});

test("a request with more messages than the calls have that wait has those of calls before, which did not", () => {
  const { begin, end, whose } = newSends();
  for (const ns of [100, 200, 300]) {
    begin(1, ns, 1);
    end(1, ns + 10);
  }
  begin(2, 400, 1);
  assert.deepEqual(whose(405, 4), [100, false]);
  end(2, 410);
  begin(1, 500, 1);
  end(1, 510);
  // None of the first three is left that it could be taken for.
  assert.deepEqual(whose(520, 1), [500, true]);
});

test("a request is rather of a call of its topic than of one whose other messages may be of it", () => {
  const { begin, whose, calls } = newSends();
  begin(1, 100, 3, 0, true);
  assert.deepEqual(whose(110, 1), [100, true]);
  assert.equal(
    calls.sending(7, "bills", 110, 1)?.startNs,
    100,
    "the first message's topic is not the others'",
  );
  begin(2, 120, 1);
  assert.deepEqual(whose(130, 1), [120, false]);
  begin(3, 140, 1);
  assert.deepEqual(whose(150, 1), [120, false]);
  // Of an only message it is its own.
  begin(4, 160, 1, 0, true);
  assert.deepEqual(whose(170, 1), [120, false]);
});

test("a call of which it is not known how many messages it has may have them all", () => {
  const { begin, end, whose } = newSends();
  begin(1, 100, 1);
  end(1, 110);
  begin(2, 200, 0);
  assert.deepEqual(whose(210, 9), [200, true]);
});

test("a call for a request that is not told is not told either, but what it sends is known to be its own", () => {
  const { process, calls, told, begin, end } = newSends();
  begin(1, 100, 1, untold);
  end(1, 110);
  begin(1, 200, 1);
  end(1, 210);
  const senders = [220, 230].map((ns) => calls.sending(7, "orders", ns, 1));
  assert.deepEqual(
    senders.map((sender) => [sender?.startNs, sender?.call.untold]),
    [
      [100, true],
      [200, false],
    ],
  );
  begin(1, 300, 1, untold);
  calls.processExited(7, 310);
  assert.deepEqual(told, [200]);
  assert.equal(process.orphans, 1);
});

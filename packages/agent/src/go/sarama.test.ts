import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync, readSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, before, describe, test } from "node:test";
import { openGoBinary } from "@go3s/binary";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoFiles,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import { libraryFiles } from "../testing/library-service.go.js";
import { attributeOf, newSpanCollector, type SpanCollector } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";
import { readGoFacts } from "./facts.js";
import { packageOf } from "./receive-sites.js";

test("a function's package ends before its receiver, its type arguments say nothing", () => {
  assert.equal(packageOf("github.com/IBM/sarama.(*consumer).dispatcher.func1"), "github.com/IBM/sarama");
  assert.equal(packageOf("main.take[go.shape.*github.com/IBM/sarama.ConsumerMessage]"), "main");
  assert.equal(packageOf("gopkg.in/yaml%2ev3.Unmarshal"), "gopkg.in/yaml%2ev3");
});

/** placesIn gives where a program receives, by function. */
function placesIn(path: string): { readonly name: string; readonly address: number }[] {
  const binary = openGoBinary(path);
  try {
    return (readGoFacts(path)?.streams.sites ?? [])
      .filter(({ program }) => program === "onTake")
      .map(({ fileOffset }) => {
        const address = binary.elf.offsetToAddress(fileOffset) ?? assert.fail();
        return { address, name: binary.functions.containing(address)?.name ?? "" };
      });
  } finally {
    binary.close();
  }
}

/** byteAt reads a byte of a process: a probe is a breakpoint. */
function byteAt(pid: number, address: number): number | undefined {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    const byte = Buffer.alloc(1);
    readSync(memory, byte, 0, 1, address);
    return byte[0];
  } finally {
    closeSync(memory);
  }
}

describe("messages that Go programs receive from sarama's channels", {
  skip: whyNoLiveTests() ?? false,
}, () => {
  let silent: Server;
  let program: BuiltProgram;
  let service: RunningService;
  let collected: SpanCollector;
  let agent: Agent;

  before(async () => {
    program = buildGoFiles(libraryFiles);
    // Its other libraries' readers want somebody to be there.
    silent = createServer((socket) => void socket.on("error", () => undefined));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    service = await program.start({ REDIS: address, KAFKA: address, PRODUCE: "" });
    collected = newSpanCollector();
    agent = await startAgent({
      selection: { pids: [service.pid] },
      exclude: [process.pid],
      exporter: collected.exporter,
    });
    // Who waited when the agent came had asked before anybody looked.
    for (const how of ways) await ask(`/take?how=${how}&by=job`);
  });
  after(async () => {
    await agent?.close();
    await service?.stop();
    program?.remove();
    silent?.close();
  });

  const ways = ["range", "value", "select", "try"] as const;
  const ask = async (path: string): Promise<void> => {
    const client = newClient(service.port, false);
    await client.get(path);
    client.close();
  };
  const messages = (how: string): Span[] => collected.spans.filter((span) => span.name === `process ${how}`);
  /** taken delivers a message, and then another one: a message is told when the next one is asked for. */
  const taken = async (how: string, query: string): Promise<Span> => {
    const before = messages(how).length;
    await ask(`/take?how=${how}&${query}`);
    return eventually(`the message that ${how} takes`, () => messages(how)[before]);
  };

  for (const how of ways)
    test(`a message that is received (${how}) is served by its goroutine until it receives again`, async () => {
      for (const by of ["own", "child"]) {
        const message = await taken(how, `by=${by}`);
        const asked = await eventually(`what ${by} asked`, () =>
          collected.spans.find((span) => span.parentSpanId === message.spanId),
        );
        assert.deepEqual([asked.kind, asked.traceId], [3, message.traceId]);
        assert.deepEqual([message.kind, message.parentSpanId], [5, ""]);
        const found = Object.fromEntries(
          message.attributes
            .filter(({ key }) => key.startsWith("messaging."))
            .map(({ key }) => [key, attributeOf(message, key)]),
        );
        assert.ok(Number(found["messaging.kafka.offset"]) >= 2 ** 40);
        assert.deepEqual(found, {
          "messaging.system": "kafka",
          "messaging.operation.name": "process",
          "messaging.operation.type": "process",
          "messaging.destination.name": how,
          "messaging.destination.partition.id": "3",
          "messaging.consumer.group.name": "shop",
          "messaging.kafka.offset": found["messaging.kafka.offset"],
          "messaging.kafka.message.key": "k1",
          "messaging.message.body.size": String(by.length),
        });
      }
    });

  test("a message is the child of the context in its headers", async () => {
    const [trace, span] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    const message = await taken("select", `by=own&trace=00-${trace}-${span}-01`);
    assert.deepEqual([message.traceId, message.parentSpanId], [trace, span]);
  });

  test("a message that is handed on is the child of who had it before, and what its worker asks is the worker's", async () => {
    await ask("/take?how=range&by=job");
    const before = messages("range").length;
    await ask("/take?how=range&by=job");
    const [one, other] = await eventually("both spans", () => {
      const found = messages("range").slice(before);
      const [last] = found.slice(-1);
      const same = found.filter(
        (span) =>
          last !== undefined &&
          attributeOf(span, "messaging.kafka.offset") === attributeOf(last, "messaging.kafka.offset"),
      );
      return same.length === 2 ? same : undefined;
    });
    assert.ok(one !== undefined && other !== undefined);
    const [first, worker] = one.startTimeUnixNano < other.startTimeUnixNano ? [one, other] : [other, one];
    assert.deepEqual(
      [worker.traceId, worker.parentSpanId, first.parentSpanId],
      [first.traceId, first.spanId, ""],
    );
    assert.notEqual(attributeOf(worker, "go3s.goroutine.id"), attributeOf(first, "go3s.goroutine.id"));
    const asked = await eventually("what the worker asked", () =>
      collected.spans.find((span) => span.parentSpanId === worker.spanId),
    );
    assert.equal(asked.kind, 3);
  });

  test("what else a select brings ends a message, and what is received from other channels is none", async () => {
    const before = collected.spans.filter(({ kind }) => kind === 5).length;
    await ask("/tick");
    await ask("/count");
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(collected.spans.filter(({ kind }) => kind === 5).length, before);
  });

  test("places whose channels are others lose their probes, however hot they are; the rest keep theirs", async () => {
    await ask("/count");
    const places = placesIn(program.path);
    const hasProbe = (name: string): boolean =>
      places
        .filter((place) => place.name === name)
        .some(({ address }) => byteAt(service.pid, address) === 0xcc);
    await eventually("the place to be left alone", () =>
      hasProbe("main.(*claims).count") ? undefined : true,
    );
    for (const name of ["main.(*claims).ConsumeClaim", "main.(*claims).work"])
      assert.ok(hasProbe(name), name);
    assert.ok((await taken("range", "by=own")) !== undefined);
  });
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { openKernelObserver } from "../attach/observer.js";
import { WireFlag, WireState } from "../events/layout.js";
import { readGoFacts } from "../go/facts.js";
import { readAnswerEnd } from "../protocols/postgresql/answer-end.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoModule,
} from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import {
  attributeOf,
  type LivePeer,
  newSpanCollector,
  postgresPrograms,
  startPostgres,
  whyNoPeer,
} from "../testing/live-peers.js";
import { pqPoolSource } from "../testing/pq-pool.go.js";
import { newRecorder } from "../testing/recorder.js";
import { eventually } from "../testing/wait.js";

const driver = "github.com/lib/pq@v1.10.9";
const bin = postgresPrograms();

// What a page's calls say: name, rows returned and changed, the server's word for an error.
type Said = readonly [name: string, returned: string, changed: string, code: string];
const plain: readonly Said[] = [
  ["SELECT things", "7", "", ""],
  ["SELECT things", "10", "", ""],
  ["INSERT things", "", "2", ""],
  ["UPDATE things", "", "2", ""],
  ["DELETE things", "", "2", ""],
  ["SELECT missing", "", "", "42P01"],
  ["SELECT missing", "", "", "42P01"],
  ["SELECT", "", "", "22012"],
  ["SELECT", "777", "", ""],
  ["BEGIN", "", "", ""],
  ["INSERT things", "", "1", ""],
  ["ROLLBACK", "", "", ""],
];

describe("a connection whose queries are told by database/sql", {
  skip: bin === undefined ? "needs PostgreSQL" : whyNoPeer("psql") || whyNoModule(driver),
}, () => {
  let database: LivePeer;
  let program: BuiltProgram;
  let service: RunningService;

  before(async () => {
    program = buildGoService(pqPoolSource, [], [driver]);
    database = await startPostgres(bin ?? "");
    service = await program.start({
      DATA_SOURCE: `host=${database.folder} user=postgres dbname=postgres sslmode=disable`,
    });
  });
  after(async () => {
    await service.stop();
    await database.stop();
    program.remove();
  });

  test("says as much by what its calls' ends are told with as by all its bytes", async () => {
    const { spans, exporter } = newSpanCollector();
    let agent: Agent | undefined;
    const client = newClient(service.port, false);
    try {
      agent = await startAgent({ selection: { pids: [service.pid] }, exclude: [process.pid], exporter });
      /** ask gives the calls of a page, and what else went over the wire for it. */
      let from = 0;
      const ask = async (page: string): Promise<Span[]> => {
        from = spans.length;
        await client.get(page);
        const server = await eventually(page, () => {
          return spans.slice(from).find((span) => span.kind === 2);
        });
        const own = spans
          .slice(from)
          .filter(({ kind, parentSpanId }) => kind === 3 && parentSpanId === server.spanId);
        return own.sort((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1));
      };
      const said = (calls: readonly Span[]): Said[] =>
        calls.map((span) => [
          span.name,
          attributeOf(span, "db.response.returned_rows"),
          attributeOf(span, "go3s.db.affected_rows"),
          attributeOf(span, "db.response.status_code"),
        ]);
      for (let round = 0; round < 4; round++) {
        assert.deepEqual(said(await ask("/plain")), plain, `round ${round}`);
        if (round === 0) continue;
        const odd = said(await ask("/odd"));
        assert.deepEqual(odd[0], ["DELETE things UPDATE things", "", "3", ""]);
        assert.deepEqual(odd[1], ["SELECT things", "10", "", ""]);
        assert.ok(
          odd.some(([name, , changed]) => name === "COPY things" && changed === "2"),
          `${odd.join("\n")}`,
        );
        assert.deepEqual(odd.at(-1), ["SELECT things", "5", "", ""]);
        const [ping, another] = await ask("/ping");
        assert.deepEqual([ping?.name, another], ["postgresql", undefined]);
      }
    } finally {
      client.close();
      await agent?.close();
    }
  });

  test("sends no bytes to the agent once that was asked for, and all from the first write on that no call tells", async () => {
    const recorder = newRecorder();
    const client = newClient(service.port, false);
    let connection = 0;
    const pieces: number[] = [];
    const ends: number[] = [];
    const rows = { returnedRows: -1, affectedRows: -1 };
    const observer = await openKernelObserver({
      sink: {
        ...recorder.sink,
        wire(event) {
          connection = event.connection;
          pieces.push(event.flags);
        },
        callEnd(event) {
          recorder.sink.callEnd(event);
          ends.push(event.connection);
          const { memory, earlier, earlierLength, last, lastLength } = event;
          readAnswerEnd(memory, earlier, earlierLength, last, lastLength, rows);
        },
      },
    });
    try {
      observer.watch(service.pid, readGoFacts(`/proc/${service.pid}/exe`));
      /** ask makes a request, and waits until its calls have ended. */
      const ask = async (page: string, calls: number): Promise<void> => {
        ends.length = 0;
        pieces.length = 0;
        await client.get(page);
        await eventually(page, () => {
          observer.drain();
          return recorder.servers(service.pid).at(-1)?.head.includes(page) && ends.length >= calls;
        });
      };
      await ask("/plain", plain.length);
      assert.ok(pieces.length > 2 * plain.length);
      assert.deepEqual(new Set(ends), new Set([0]));
      observer.tellWire(connection, WireState.read);
      observer.tellWire(connection, WireState.brief, 1);
      await ask("/plain", plain.length);
      assert.deepEqual(pieces, []);
      assert.deepEqual(
        ends,
        plain.map(() => connection),
      );
      assert.deepEqual(rows, { returnedRows: 777, affectedRows: 1 });
      await ask("/ping", 0);
      await eventually("the ping", () => {
        observer.drain();
        return pieces.length >= 2;
      });
      assert.deepEqual(pieces, [WireFlag.resumed, WireFlag.received]);
      // The word counts once.
      await ask("/plain", plain.length);
      assert.ok(pieces.length > 2 * plain.length);
      observer.tellWire(connection, WireState.brief, 2);
      await ask("/plain", plain.length);
      assert.deepEqual(pieces, []);
    } finally {
      observer.close();
      client.close();
    }
  });
});

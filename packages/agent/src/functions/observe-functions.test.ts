import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  decodeProtobuf,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  type Span,
} from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { eventually as within } from "../testing/wait.js";
import type { FunctionMode } from "./source.js";

// A machine that builds and tests other things meanwhile takes its time.
const eventually = <T>(what: string, check: () => T | undefined | false): Promise<T> =>
  within(what, check, 30);

const skip = whyNoLiveTests() ?? false;

const source = `package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

type Order struct {
	ID    int
	Open  bool
	Label string
	Nums  []int32
}

type Store struct{ size uint16 }

var errNone = errors.New("no such order")

//go:noinline
func (s *Store) Get(id int, name string, deep bool) (*Order, error) {
	switch id {
	case 13:
		return nil, errNone
	case 14:
		return nil, fmt.Errorf("get %s: %w", name, errNone)
	case 15:
		panic("fifteen")
	}
	return &Order{ID: id, Open: deep, Label: name, Nums: []int32{1, -2}}, nil
}

//go:noinline
func Fib(n uint8) uint64 {
	if n < 2 {
		return uint64(n)
	}
	return Fib(n-1) + Fib(n-2)
}

//go:noinline
func Last[T any](list []T) T { return list[len(list)-1] }

func tiny(a int) int { return a + 1 }

func main() {
	s := &Store{size: 513}
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		id := 0
		fmt.Sscan(r.URL.Query().Get("id"), &id)
		func() {
			defer func() { recover() }()
			s.Get(id, "pear", true)
		}()
		Last([]int{1, 2, id})
		Last([]string{"a", "b"})
		names := put(id)
		fmt.Fprintln(w, Fib(3), tiny(id), names)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}

type Wide struct{ A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y int }

type Cart struct {
	Tags []string
	Key  [4]byte
	At   time.Time
	Any  any
}

//go:noinline
func Put(wide *Wide, cart *Cart, note string) int { return wide.A + len(cart.Tags) + len(note) }

func put(id int) []string {
	at := time.Date(2026, 11, 22, 17, 0, 0, 5e8, time.UTC)
	Put(&Wide{A: id}, &Cart{Tags: []string{"a", "b", "c", "d"}, Key: [4]byte{1, 2, 3, 255}, At: at, Any: Order{}}, "last")
	return []string{fmt.Sprint(id)}
}
`;

/** Seen is what an agent with functions told. */
interface Seen {
  readonly agent: Agent;
  readonly spans: Span[];
  readonly notes: string[];
  readonly sources: string[];
  /** calls counts what the histograms have, by function. */
  readonly calls: Map<string, number>;
}

async function observe(
  service: RunningService,
  patterns: readonly string[],
  mode: FunctionMode = "spans",
): Promise<Seen> {
  const spans: Span[] = [];
  const notes: string[] = [];
  const sources: string[] = [];
  const calls = new Map<string, number>();
  let attached = false;
  const agent = await startAgent({
    selection: { pids: [service.pid] },
    exclude: [],
    metrics: false,
    exporter: {
      send(signal, body, _items, done) {
        if (signal === "traces")
          for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans)
            for (const scope of group.scopeSpans) spans.push(...scope.spans);
        if (signal === "metrics")
          for (const group of decodeProtobuf(ExportMetricsServiceRequest, body).resourceMetrics)
            for (const metric of group.scopeMetrics.flatMap((each) => each.metrics))
              for (const point of metric.exponentialHistogram?.dataPoints ?? [])
                calls.set(String(point.attributes[0]?.value?.stringValue), Number(point.count));
        done?.();
      },
      stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
      close: async () => undefined,
    },
    functions: {
      patterns,
      mode,
      limit: 10_000,
      onNote: (text) => void notes.push(text),
      onSource: (text) => void sources.push(text),
      onAttached: () => {
        attached = true;
      },
    },
  });
  await eventually("functions attached", () => attached);
  return { agent, spans, notes, sources, calls };
}

const valueOfKey = (span: Span | undefined, key: string): unknown => {
  const value = span?.attributes.find((each) => each.key === key)?.value;
  return (
    value?.stringValue ??
    value?.boolValue ??
    value?.doubleValue ??
    (value?.intValue === undefined ? undefined : Number(value.intValue))
  );
};

describe("functions of a running Go program", { skip }, () => {
  let program: BuiltProgram;
  let service: RunningService;
  const get = (id: number) =>
    fetch(`http://127.0.0.1:${service.port}/get?id=${id}`).then((each) => each.text());

  before(async () => {
    program = buildGoService(source);
    // Not marked as a part of ours: the agent asks for it by its pid.
    service = await program.start({ PATH: "/usr/bin" });
  });
  after(async () => {
    await service?.stop();
    program?.remove();
  });

  test("calls are spans in their request, with arguments and results by name", async () => {
    const seen = await observe(service, ["main.(*Store).Get", "main.Fib", "main.Last*", "main.tiny"]);
    try {
      await get(1);
      const named = (name: string) => seen.spans.filter((span) => span.name === name);
      await eventually("all spans", () => named("main.Fib").length === 5 && named("GET /get").length === 1);
      const server = named("GET /get")[0];
      const [call] = named("main.(*Store).Get");
      assert.equal(call?.traceId, server?.traceId);
      assert.equal(call?.parentSpanId, server?.spanId);
      assert.equal(valueOfKey(call, "code.function.name"), "main.(*Store).Get");
      assert.match(String(valueOfKey(call, "code.file.path")), /main\.go$/);
      assert.equal(valueOfKey(call, "code.line.number"), 23);
      const given = ["go3s.arg.s.size", "go3s.arg.id", "go3s.arg.name", "go3s.arg.deep"];
      assert.deepEqual(
        given.map((key) => valueOfKey(call, key)),
        [513, 1, "pear", true],
      );
      const got = ["r0.ID", "r0.Open", "r0.Label", "r0.Nums", "r1"];
      assert.deepEqual(
        got.map((key) => valueOfKey(call, `go3s.result.${key}`)),
        [1, true, "pear", "[1 -2]", "nil"],
      );
      assert.equal(call?.status?.code ?? 0, 0);
      // Fib(3) calls Fib(2) and Fib(1), Fib(2) calls Fib(1) and Fib(0).
      const fib = new Map(named("main.Fib").map((span) => [span.spanId, span]));
      const tree = [...fib.values()].map((span) => [
        valueOfKey(span, "go3s.arg.n"),
        valueOfKey(fib.get(span.parentSpanId), "go3s.arg.n"),
        valueOfKey(span, "go3s.result.r0"),
      ]);
      assert.deepEqual(tree, [
        [1, 2, 1],
        [0, 2, 0],
        [2, 3, 1],
        [1, 3, 1],
        [3, undefined, 2],
      ]);
      assert.equal(valueOfKey(named("main.Last[int]")[0], "go3s.result.r0"), 1);
      assert.equal(valueOfKey(named("main.Last[string]")[0], "go3s.result.r0"), "b");
      assert.deepEqual(
        seen.notes.filter((text) => text.startsWith("main.tiny")),
        ["main.tiny: inlined at 1 places: cannot be observed"],
      );
      assert.match(seen.sources[0] ?? "", /func onEnter1\(ctx \*bpf\.UProbe\) int/);
    } finally {
      await seen.agent.close();
    }
  });

  test("errors are the span's status, also wrapped ones; a recovered panic is not taken for a return", async () => {
    const seen = await observe(service, ["main.(*Store).Get"]);
    try {
      for (const id of [13, 14, 15, 1]) await get(id);
      const calls = await eventually("four calls", () => {
        const found = seen.spans.filter((span) => span.name === "main.(*Store).Get");
        return found.length === 4 && found;
      });
      const told = calls.map((span) => [
        valueOfKey(span, "go3s.arg.id"),
        span.status?.code ?? 0,
        span.status?.message ?? "",
        valueOfKey(span, "error.type"),
      ]);
      assert.deepEqual(
        told.sort((a, b) => Number(a[0]) - Number(b[0])),
        [
          [1, 0, "", undefined],
          [13, 2, "no such order", "*errors.errorString"],
          [14, 2, "get pear: no such order", "*fmt.wrapError"],
          [15, 2, "panic", "panic"],
        ],
      );
      assert.equal(seen.agent.report().dropped["function-entry-lost"], undefined);
    } finally {
      await seen.agent.close();
    }
  });

  test("a histogram counts the same calls without telling one", async () => {
    const seen = await observe(service, ["main.Fib", "main.(*Store).Get"], "histogram");
    try {
      for (const id of [1, 2, 13]) await get(id);
      await eventually(
        "their histograms",
        () => seen.calls.get("main.Fib") === 15 && seen.calls.get("main.(*Store).Get") === 3,
      );
      assert.equal(seen.spans.filter((span) => span.name.startsWith("main.")).length, 0);
    } finally {
      await seen.agent.close();
    }
  });

  test("a line is told with the variables in sight", async () => {
    const seen = await observe(service, ["main.go:40"]);
    try {
      await get(1);
      const calls = await eventually("the line's spans", () => {
        const found = seen.spans.filter((span) => span.name === "main.Fib main.go:40");
        return found.length >= 2 && found;
      });
      assert.deepEqual(calls.map((span) => valueOfKey(span, "go3s.arg.n")).sort(), [2, 3]);
    } finally {
      await seen.agent.close();
    }
  });

  test("arguments behind a wide one are told before its members; slices of strings, arrays, times and types by value", async () => {
    const seen = await observe(service, ["main.Put", "main.Last", "main.store.get"]);
    try {
      await get(1);
      const call = await eventually("its span", () => seen.spans.find((span) => span.name === "main.Put"));
      const keys = ["note", "wide.A", "cart.Tags", "cart.Key", "cart.At", "cart.Any"];
      assert.deepEqual(
        keys.map((key) => valueOfKey(call, `go3s.arg.${key}`)),
        ["last", 1, '["a" "b" "c" … 4 in all]', "010203ff", "2026-11-22T17:00:00.5Z", "main.Order"],
      );
      // In the order of the source, however they were read.
      const told = call.attributes.map(({ key }) => key).filter((key) => key.startsWith("go3s.arg."));
      assert.ok(told.indexOf("go3s.arg.wide.A") < told.indexOf("go3s.arg.cart"), told.join());
      assert.equal(told.at(-1), "go3s.arg.note");
      // All that found no room is one line.
      assert.equal(seen.notes.filter((text) => text.endsWith(": no room in the record")).length, 1);
      // A generic function is named as its source has it.
      await eventually("both instances", () =>
        ["main.Last[int]", "main.Last[string]"].every((name) =>
          seen.spans.some((span) => span.name === name),
        ),
      );
      assert.match(
        seen.notes.find((text) => text.startsWith("main.store.get")) ?? "",
        /there is main\.\(\*Store\)\.Get/,
      );
    } finally {
      await seen.agent.close();
    }
  });

  test("what lies on the stack meanwhile is read there, and a line without code is said to be one", async () => {
    const line = source.split("\n").findIndex((text) => text.includes("fmt.Fprintln(w, Fib(3)")) + 1;
    const seen = await observe(service, [`main.go:${line}`, "main.go:19"]);
    try {
      await get(7);
      const call = await eventually("the line's span", () =>
        seen.spans.find((span) => span.name.endsWith(`main.go:${line}`)),
      );
      assert.equal(valueOfKey(call, "go3s.arg.w"), "*net/http.response");
      assert.equal(valueOfKey(call, "go3s.arg.names"), '["7"]');
      await eventually("the request's span", () => seen.spans.some((span) => span.name === "GET /get"));
      // Its code is in three pieces, one of them at the function's start.
      assert.equal(seen.spans.filter((span) => span.name === call.name).length, 1);
      assert.match(
        seen.notes.join("\n"),
        /^main\.go:19: no code of that line; the next that has some is 23, in main\./m,
      );
    } finally {
      await seen.agent.close();
    }
  });

  test("a program without debug information still gives its functions' times", async () => {
    const stripped = buildGoService(source, ["-ldflags=-s -w"]);
    const other = await stripped.start({ PATH: "/usr/bin" });
    try {
      const seen = await observe(other, ["main.(*Store).Get", "main.go:40"]);
      try {
        await fetch(`http://127.0.0.1:${other.port}/get?id=1`);
        const call = await eventually("its span", () =>
          seen.spans.find((span) => span.name === "main.(*Store).Get"),
        );
        assert.ok(call.endTimeUnixNano > call.startTimeUnixNano);
        assert.equal(valueOfKey(call, "go3s.arg.id"), undefined);
        assert.ok(seen.notes.includes("arguments and results: the program has no debug information (-w)"));
        assert.ok(seen.notes.includes("main.go:40: lines need debug information"));
      } finally {
        await seen.agent.close();
      }
    } finally {
      await other.stop();
      stripped.remove();
    }
  });
});

import { keyIn } from "../key-in.js";
import type {
  AggregateName,
  CompareOperator,
  MetricsExpr,
  Pipeline,
  Query,
  ScalarExpr,
  SecondStage,
  Stage,
} from "./ast.js";
import { checkQuery } from "./check.js";
import { COMPARE_BINDING, numberOf, operation, strengthOf, type Thing } from "./operations.js";
import { readField, readFieldList, readFilter } from "./parse-fields.js";
import { METRICS, readHints, readMetrics } from "./parse-metrics.js";
import { TokenReader } from "./token-reader.js";

const AGGREGATES: Readonly<Record<AggregateName, true>> = {
  count: true,
  max: true,
  min: true,
  avg: true,
  sum: true,
};

/** parseTraceql reads an expression and checks its types. Throws TraceqlError. */
export function parseTraceql(text: string): Query {
  const query = parseOnly(text);
  checkQuery(query);
  return query;
}

/** parseOnly reads an expression without checking its types. Throws TraceqlError of kind "syntax". */
export function parseOnly(text: string): Query {
  return new Parser(text).query();
}

/** Parser reads pipelines: what stands between | and around sets of spans. */
class Parser {
  readonly #reader: TokenReader;

  constructor(text: string) {
    this.#reader = new TokenReader(text);
  }

  query(): Query {
    const start = this.#reader.token;
    const thing = this.#pipeline();
    const hints = readHints(this.#reader);
    if (!this.#reader.is("end")) throw this.#reader.unexpected("an operator, | or the end");
    switch (thing.is) {
      case "spans":
        return { root: { kind: "pipeline", stages: [thing.expr] }, hints };
      case "pipeline":
        return { root: thing.pipeline, hints };
      case "filter":
        return { root: { kind: "pipeline", stages: [thing.stage] }, hints };
      case "metrics":
        return { root: thing.expr, hints };
      default:
        throw this.#reader.error(start.start, "a number is no search; compare it, as in count() > 2");
    }
  }

  /** #pipeline reads stages with `|` between them, as far as they go. */
  #pipeline(): Thing {
    let thing = this.#combined(0);
    for (;;) {
      if (thing.is === "metrics") {
        const second = this.#secondStage(thing.expr);
        if (second === undefined) return thing;
        thing = second;
      } else if (this.#reader.is("mark", "|")) {
        const stages = this.#stagesOf(thing);
        this.#reader.skip();
        thing = this.#nextStage(stages);
        if (thing.is === "scalarPipeline") return thing;
      } else return thing;
    }
  }

  #stagesOf(thing: Thing): readonly Stage[] {
    if (thing.is === "spans") return [thing.expr];
    if (thing.is === "filter") return [thing.stage];
    if (thing.is === "pipeline") return thing.wrapped ? [thing.pipeline] : thing.pipeline.stages;
    throw this.#reader.unexpected("no | behind a number");
  }

  #nextStage(before: readonly Stage[]): Thing {
    const aggregate =
      this.#reader.token.kind === "word" ? keyIn(METRICS, this.#reader.token.text) : undefined;
    if (aggregate !== undefined) {
      const pipeline: Pipeline = { kind: "pipeline", stages: before };
      return {
        is: "metrics",
        expr: { kind: "metrics", pipeline, aggregate: readMetrics(this.#reader, aggregate) },
        wrapped: false,
      };
    }
    if (this.#reader.is("word", "coalesce")) {
      this.#reader.skip();
      this.#reader.expect("(");
      this.#reader.expect(")");
      return {
        is: "pipeline",
        pipeline: { kind: "pipeline", stages: [...before, { kind: "coalesce" }] },
        wrapped: false,
      };
    }
    const start = this.#reader.token.start;
    const thing = this.#combined(0);
    if (thing.is === "aggregate") {
      const pipeline: Pipeline = { kind: "pipeline", stages: before };
      return {
        is: "scalarPipeline",
        expr: { kind: "scalarPipeline", pipeline, aggregate: thing.expr },
        wrapped: false,
      };
    }
    if (thing.is !== "spans" && thing.is !== "filter") {
      throw this.#reader.error(start, "expected a set of spans, a comparison, by(), coalesce() or select()");
    }
    const stage = thing.is === "spans" ? thing.expr : thing.stage;
    return { is: "pipeline", pipeline: { kind: "pipeline", stages: [...before, stage] }, wrapped: false };
  }

  /** #secondStage reads `| topk(3)` and `> 10` behind metrics; undefined when there is none. */
  #secondStage(expr: MetricsExpr): (Thing & { readonly is: "metrics" }) | undefined {
    const operator = this.#reader.is("mark") ? keyIn(COMPARE_BINDING, this.#reader.token.text) : undefined;
    if (operator !== undefined) {
      this.#reader.skip();
      return {
        is: "metrics",
        expr: { kind: "second", expr, stage: this.#filterStage(operator, this.#combined(2)) },
        wrapped: false,
      };
    }
    if (!this.#reader.is("mark", "|")) return undefined;
    this.#reader.skip();
    const name = this.#reader.token.kind === "word" ? this.#reader.token.text : "";
    if (name !== "topk" && name !== "bottomk") throw this.#reader.unexpected("topk or bottomk");
    this.#reader.skip();
    this.#reader.expect("(");
    const count = this.#reader.token;
    if (count.kind !== "int") throw this.#reader.unexpected("a count");
    this.#reader.skip();
    this.#reader.expect(")");
    return {
      is: "metrics",
      expr: { kind: "second", expr, stage: { kind: name, count: count.value } },
      wrapped: false,
    };
  }

  #filterStage(operator: CompareOperator, thing: Thing): SecondStage {
    if (thing.is !== "number") throw this.#reader.unexpected("a number to compare series with");
    // Series of durations are in seconds, written durations in nanoseconds.
    const value = numberOf(thing.value) * (thing.value.type === "duration" ? 1e-9 : 1);
    return { kind: "filter", operator, value };
  }

  /** #combined reads operands with operators between them: sets of spans, numbers of them, series. */
  #combined(binding: number): Thing {
    return this.#reader.deeper(() => {
      let left = this.#operand();
      for (;;) {
        const { kind, text, start } = this.#reader.token;
        if (kind !== "mark") return left;
        const strength = strengthOf(text, left);
        if (strength === undefined || strength <= binding) return left;
        this.#reader.skip();
        const right = this.#combined(text === "^" ? strength - 1 : strength);
        left = operation(this.#reader, start, text, left, right);
      }
    });
  }

  #operand(): Thing {
    const token = this.#reader.token;
    if (this.#reader.is("mark", "{"))
      return { is: "spans", expr: { kind: "filter", expr: readFilter(this.#reader) }, wrapped: false };
    if (this.#reader.is("mark", "(")) return this.#wrapped();
    if (this.#reader.is("mark", "-")) {
      this.#reader.skip();
      const thing = this.#combined(6);
      if (thing.is !== "number") throw this.#reader.unexpected("a number behind -");
      return { is: "number", value: { ...thing.value, value: -numberOf(thing.value) } };
    }
    if (token.kind === "int" || token.kind === "float" || token.kind === "duration") {
      this.#reader.skip();
      return { is: "number", value: { kind: "static", type: token.kind, value: token.value } };
    }
    if (token.kind !== "word") throw this.#reader.unexpected("{ or a function");
    const aggregate = keyIn(AGGREGATES, token.text);
    if (aggregate !== undefined) return { is: "aggregate", expr: this.#aggregate(aggregate) };
    if (token.text === "by") {
      this.#reader.skip();
      this.#reader.expect("(");
      const expr = readField(this.#reader, 0);
      this.#reader.expect(")");
      return { is: "filter", stage: { kind: "by", expr } };
    }
    if (token.text === "select") {
      this.#reader.skip();
      return { is: "filter", stage: { kind: "select", fields: readFieldList(this.#reader) } };
    }
    throw this.#reader.unexpected("{ or a function");
  }

  #wrapped(): Thing {
    this.#reader.expect("(");
    const thing = this.#pipeline();
    this.#reader.expect(")");
    if (
      thing.is === "spans" ||
      thing.is === "pipeline" ||
      thing.is === "metrics" ||
      thing.is === "scalarPipeline"
    ) {
      return { ...thing, wrapped: true };
    }
    if (thing.is === "filter") {
      return { is: "pipeline", pipeline: { kind: "pipeline", stages: [thing.stage] }, wrapped: true };
    }
    return thing;
  }

  #aggregate(name: AggregateName): ScalarExpr {
    this.#reader.skip();
    this.#reader.expect("(");
    const expr = name === "count" ? undefined : readField(this.#reader, 0);
    this.#reader.expect(")");
    return { kind: "aggregate", name, expr };
  }
}

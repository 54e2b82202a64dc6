import { post } from "./otlp-json.js";
import { seeded, serviceNames } from "./seeded.js";

// Metrics of a made shop by OTLP: a histogram with exemplars, a counter, a gauge, and as many other names as are wanted.

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const routes = ["/cart", "/checkout", "/products", "/orders/{id}"];

/** sendMetrics sends `minutes` of metrics that end at a moment, a point each 15 s; exemplars lead to `traces`. */
export async function sendMetrics(
  otlp: string,
  at: number,
  minutes: number,
  traces: readonly string[],
  moreNames = 0,
): Promise<void> {
  const random = seeded(11);
  const points = minutes * 4;
  const startTimeUnixNano = `${at - minutes * 60_000}000000`;
  const resourceMetrics = serviceNames.slice(0, 4).map((service, index) => {
    const histogram: unknown[] = [];
    const requests: unknown[] = [];
    const memory: unknown[] = [];
    for (const [place, route] of routes.entries()) {
      const counts = new Array<number>(bounds.length + 1).fill(0);
      let sum = 0;
      for (let point = 0; point <= points; point++) {
        const timeUnixNano = `${at - (points - point) * 15_000}000000`;
        const slow = service === "payment" && point > points * 0.7 ? 5 : 1;
        for (let request = 0; request < 20; request++) {
          const seconds = (0.004 + random() ** 4 * 0.3) * slow * (1 + place / 2);
          const bucket = bounds.findIndex((bound) => seconds <= bound);
          const slot = bucket < 0 ? bounds.length : bucket;
          counts[slot] = (counts[slot] ?? 0) + 1;
          sum += seconds;
        }
        const trace = traces[(point + index + place) % Math.max(1, traces.length)];
        const attributes = [
          { key: "http.route", value: { stringValue: route } },
          { key: "http.request.method", value: { stringValue: "GET" } },
        ];
        histogram.push({
          attributes,
          startTimeUnixNano,
          timeUnixNano,
          count: counts.reduce((total, count) => total + count, 0),
          sum,
          bucketCounts: [...counts],
          explicitBounds: bounds,
          exemplars:
            trace === undefined || point % 16 !== 0
              ? []
              : [
                  {
                    timeUnixNano,
                    asDouble: 0.05 + random() * 0.4 * slow,
                    traceId: trace,
                    spanId: trace.slice(0, 16),
                  },
                ],
        });
        requests.push({
          attributes,
          startTimeUnixNano,
          timeUnixNano,
          asInt: String(point * 30 + Math.floor(random() * 20)),
        });
        if (place === 0)
          memory.push({
            timeUnixNano,
            asInt: String(Math.round(2e8 + Math.sin(point / 20) * 4e7 + random() * 1e7)),
          });
      }
    }
    const metrics = [
      {
        name: "http.server.request.duration",
        description: "Duration of requests",
        unit: "s",
        histogram: { aggregationTemporality: 2, dataPoints: histogram },
      },
      {
        name: "http.requests",
        unit: "1",
        sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: requests },
      },
      {
        name: "process.memory.usage",
        unit: "By",
        description: "Memory in use",
        gauge: { dataPoints: memory },
      },
      ...(index === 0 ? manyOf(moreNames, at) : []),
    ];
    return {
      resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
      scopeMetrics: [{ metrics }],
    };
  });
  await post(`${otlp}/v1/metrics`, { resourceMetrics });
}

const manyOf = (count: number, at: number): readonly unknown[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `made.gauge.number_${index}`,
    gauge: { dataPoints: [{ timeUnixNano: `${at}000000`, asDouble: index }] },
  }));

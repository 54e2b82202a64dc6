import { ExportProfilesServiceRequest, encodeProtobuf, type Input } from "@go3s/telemetry";
import { ProfilesIngest } from "../ingest/profiles.js";
import type { ColumnBlock } from "../ingest/signal-ingest.js";

/** PROFILE_STACKS is how many stacks profileRequest's samples share. */
export const PROFILE_STACKS = 5;

/** profileRequest makes samples of PROFILE_STACKS stacks, `main` and one of as many functions called by it, 1 ms apart. */
export function profileRequest(
  samples: number,
  startNs: bigint,
  service = "shop",
): Input<ExportProfilesServiceRequest> {
  const functions = Array.from({ length: PROFILE_STACKS }, (_, i) => `work-${i}`);
  return {
    resourceProfiles: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
        scopeProfiles: [
          {
            profiles: [
              {
                sampleType: { typeStrindex: 1, unitStrindex: 2 },
                timeUnixNano: startNs,
                durationNano: BigInt(samples) * 1_000_000n,
                samples: Array.from({ length: samples }, (_, i) => ({
                  stackIndex: 1 + (i % PROFILE_STACKS),
                  linkIndex: i % 2,
                  values: [10n],
                  timestampsUnixNano: [startNs + BigInt(i) * 1_000_000n],
                })),
              },
            ],
          },
        ],
      },
    ],
    dictionary: {
      stringTable: ["", "cpu", "nanoseconds", "main", ...functions],
      functionTable: [{}, { nameStrindex: 3 }, ...functions.map((_, i) => ({ nameStrindex: 4 + i }))],
      locationTable: [
        {},
        { lines: [{ functionIndex: 1 }] },
        ...functions.map((_, i) => ({ lines: [{ functionIndex: 2 + i }] })),
      ],
      stackTable: [{}, ...functions.map((_, i) => ({ locationIndices: [2 + i, 1] }))],
      linkTable: [{}, { traceId: "ab".repeat(16), spanId: "cd".repeat(8) }],
    },
  };
}

/** profileBlock is that request as a block. */
export function profileBlock(samples: number, startNs: bigint): ColumnBlock {
  const ingest = new ProfilesIngest();
  ingest.append(encodeProtobuf(ExportProfilesServiceRequest, profileRequest(samples, startNs)));
  const block = ingest.take();
  if (block === undefined) throw new TypeError("a block of no samples");
  return block;
}

import { ExportProfilesServiceRequest, encodeProtobuf, type Input, PprofWriter } from "@go3s/telemetry";

/** SampledStack is a stack by its functions, the outermost first, with its value and the span that it was sampled in. */
export interface SampledStack {
  readonly path: string;
  readonly value: bigint;
  readonly span?: string;
  readonly atNs: bigint;
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** profilesOf makes an OTLP request of stacks of one service and type; paths are written `main;handle;parse`. */
export function profilesOf(
  service: string,
  stacks: readonly SampledStack[],
  type = "cpu",
  version = "",
): Input<ExportProfilesServiceRequest> {
  const names = [...new Set(stacks.flatMap(({ path }) => path.split(";")))];
  const spans = [...new Set(stacks.flatMap(({ span }) => span ?? []))];
  return {
    resourceProfiles: [
      {
        resource: {
          attributes: [
            { key: "service.name", value: { stringValue: service } },
            ...(version === "" ? [] : [{ key: "service.version", value: { stringValue: version } }]),
          ],
        },
        scopeProfiles: [
          {
            profiles: [
              {
                sampleType: { typeStrindex: 1, unitStrindex: 2 },
                timeUnixNano: stacks[0]?.atNs ?? 0n,
                samples: stacks.map(({ value, span, atNs }, i) => ({
                  stackIndex: 1 + i,
                  linkIndex: span === undefined ? 0 : 1 + spans.indexOf(span),
                  values: [value],
                  timestampsUnixNano: [atNs],
                })),
              },
            ],
          },
        ],
      },
    ],
    dictionary: {
      stringTable: ["", type, "nanoseconds", "profile.frame.type", "kernel", "/bin/shop", ...names],
      mappingTable: [{}, { filenameStrindex: 5 }],
      functionTable: [{}, ...names.map((_, i) => ({ nameStrindex: 6 + i }))],
      // A name that begins with `sys_` is the kernel's, `0x` is an address without a name.
      locationTable: [
        {},
        ...names.map((name, i) =>
          name.startsWith("0x")
            ? { mappingIndex: 1, address: BigInt(name) }
            : {
                mappingIndex: 1,
                address: BigInt(i + 1),
                lines: [{ functionIndex: 1 + i, line: BigInt(10 + i) }],
                attributeIndices: name.startsWith("sys_") ? [1] : [],
              },
        ),
      ],
      attributeTable: [{}, { keyStrindex: 3, value: { stringValueStrindex: 4 } }],
      linkTable: [{}, ...spans.map((spanId) => ({ traceId: TRACE, spanId }))],
      stackTable: [
        {},
        ...stacks.map(({ path }) => ({
          locationIndices: path
            .split(";")
            .map((name) => 1 + names.indexOf(name))
            .reverse(),
        })),
      ],
    },
  };
}

/** profileBytes is that request in protobuf. */
export function profileBytes(
  service: string,
  stacks: readonly SampledStack[],
  type?: string,
  version?: string,
): Uint8Array {
  return encodeProtobuf(ExportProfilesServiceRequest, profilesOf(service, stacks, type, version));
}

/** pprofBytes is a pprof profile of stacks, not gzipped. */
export function pprofBytes(
  stacks: readonly { readonly path: string; readonly value: bigint }[],
  timeNs: bigint,
): Uint8Array {
  const writer = new PprofWriter([
    ["samples", "count"],
    ["cpu", "nanoseconds"],
  ]);
  for (const { path, value } of stacks) {
    const frames = path.split(";").map((name) => ({
      name,
      file: `${name}.go`,
      line: 3,
      mapping: "/bin/shop",
      buildId: "abc",
      address: 16n,
      inlined: false,
    }));
    writer.add(frames.reverse(), [1n, value]);
  }
  return writer.finish(timeNs, 1_000_000_000n);
}

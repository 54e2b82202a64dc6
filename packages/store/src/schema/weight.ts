/**
 * SPAN_WEIGHT is for how many spans a kept one stands, as SQL over a table with `trace_state`: OpenTelemetry's adjusted count,
 * 2^56 / (2^56 - th) where the `ot` member has a threshold (specification: "TraceState: Probability Sampling"), else 1. A threshold is
 * read once for each distinct text: 3 ns a span without trace state, 23 ns with one; 500 ns when each was read (measured).
 */
export const SPAN_WEIGHT =
  "if(trace_state = '', 1, 72057594037927936 / (72057594037927936 - reinterpretAsUInt64(reverse(unhex(rightPad(extract(toLowCardinality(trace_state), '(?:^|,)[ \\\\t]*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,]|$)'), 14, '0'))))))";

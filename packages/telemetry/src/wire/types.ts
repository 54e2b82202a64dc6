/** WIRE names protobuf's wire types (https://protobuf.dev/programming-guides/encoding/#structure). */
export const WIRE = { VARINT: 0, FIXED64: 1, BYTES: 2, START_GROUP: 3, END_GROUP: 4, FIXED32: 5 } as const;

/** MAX_DEPTH bounds nesting; 100 is the recursion limit of protobuf's own C++ and Java readers. */
export const MAX_DEPTH = 100;

import { conditionOf, expressionOf, integerTypes, type Random } from "./random.js";

interface Writer {
  readonly random: Random;
  readonly lines: string[];
  depth: number;
  loops: number;
  names: number;
  /** room is how many statements may still be written. */
  room: number;
}

function typeOf(w: Writer): string {
  return integerTypes[w.random(integerTypes.length)] ?? "uint8";
}

function line(w: Writer, text: string): void {
  w.lines.push("\t".repeat(w.depth) + text);
}

function block(w: Writer, open: string, statements: number): void {
  line(w, `${open} {`);
  w.depth++;
  for (let i = 0; i < statements; i++) statement(w);
  w.depth--;
  line(w, "}");
}

/** statement writes one statement over the variables v_TYPE, the array `bytes`, the struct `s` and the map `m`. */
function statement(w: Writer): void {
  if (w.room-- <= 0) return;
  const { random } = w;
  const type = typeOf(w);
  const name = `n${w.names++}`;
  switch (w.depth > 4 ? random(4) : random(12)) {
    case 0:
      line(w, `v_${type} = ${expressionOf(random, type, 1 + random(3))}`);
      break;
    case 1:
      line(
        w,
        `v_${type} ${["+=", "-=", "^=", "|=", "*="][random(5)]} ${expressionOf(random, type, random(2))}`,
      );
      break;
    case 2:
      line(w, `bytes[v_uint16&15] = uint8(${expressionOf(random, type, random(3))})`);
      break;
    case 3:
      line(w, `v_uint32 += uint32(bytes[v_${type}&7]) + bpf.Load32(&bytes, int(v_uint8&7))`);
      break;
    case 4:
      block(w, `if ${conditionOf(random, 2)}`, 1 + random(3));
      break;
    case 5:
      line(w, `if ${conditionOf(random, 1)} {`);
      w.depth++;
      statement(w);
      w.depth--;
      block(w, "} else", 1 + random(2));
      break;
    case 6:
      if (w.loops > 0) return;
      w.loops++;
      block(w, `for ${name} := ${type}(0); ${name} < ${1 + random(9)}; ${name}++`, 1 + random(2));
      w.loops--;
      break;
    case 7:
      if (w.loops > 0) return;
      w.loops++;
      line(w, `for ${name} := range bytes {`);
      w.depth++;
      line(w, `v_uint64 += uint64(bytes[${name}])`);
      line(w, `if ${conditionOf(random, 0)} {`);
      line(w, `\t${random(2) === 0 ? "break" : "continue"}`);
      line(w, "}");
      statement(w);
      w.depth--;
      line(w, "}");
      w.loops--;
      break;
    case 8:
      line(w, `if ${name} := m.Lookup(uint32(v_uint8 & 3)); ${name} != nil {`);
      line(w, `\t${name}.A += v_uint64\n${name}.B[v_uint8&3] ^= v_uint16`);
      line(w, "}");
      break;
    case 9:
      line(
        w,
        `s = Pair{A: ${expressionOf(random, "uint64", 1)}, B: [4]uint16{v_uint16, 1, uint16(v_${type})}}`,
      );
      line(w, "v_uint64 ^= s.A + uint64(s.B[v_uint8&3])");
      break;
    case 10:
      line(w, `v_int64 += mix(v_int64, v_${type === "int64" ? "int32" : "int16"} > 0)`);
      break;
    default:
      line(
        w,
        `switch v_uint8 & 3 {\n\tcase 0, 2:\n\t\tv_int32++\n\tcase 1:\n\t\tv_${type} = ${expressionOf(random, type, 1)}\n\tdefault:\n\t\tv_uint16--\n\t}`,
      );
  }
}

/** randomProgram writes an @xdp program `main` that puts all it computed into the map `out`. */
export function randomProgram(random: Random, statements: number): string {
  const w: Writer = { random, lines: [], depth: 1, loops: 0, names: 0, room: statements };
  while (w.room > 0) statement(w);
  const fields = integerTypes.map((type) => `\tf_${type} ${type}`).join("\n");
  const variables = integerTypes.map((type) => `\tv_${type} := in.f_${type}`).join("\n");
  const sums = integerTypes.map((type) => `\tsum = sum*31 + uint64(v_${type})`).join("\n");
  return `type In struct {\n${fields}\n}
type Pair struct {
	A uint64
	B [4]uint16
}
var m = bpf.Array[Pair](4)
var out = bpf.Array[uint64](1)
${random(2) === 0 ? "//go:noinline\n" : ""}func mix(x int64, up bool) int64 {
	if up {
		return x*3 + 1
	}
	return x / 3
}
// @xdp
func main(ctx *bpf.XDP) int {
	in := bpf.Packet[In](ctx, 0)
	if in == nil {
		return -1
	}
${variables}
	var bytes [16]uint8
	var s Pair
${w.lines.join("\n")}
	_, _ = s, mix(v_int64, true)
	sum := s.A
${sums}
	for i, b := range bytes {
		sum = sum*7 + uint64(b) + uint64(i)
	}
	for i := 0; i < 4; i++ {
		if p := m.Lookup(uint32(i)); p != nil {
			sum ^= p.A + uint64(p.B[i])
		}
	}
	out.Update(0, sum)
	return 0
}
`;
}

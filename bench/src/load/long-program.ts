const header = ["package long", "", 'import "bpf"', ""];

/** longProgram writes a probe program of at least so many lines: structs, maps, functions and branches as people write them. */
export function longProgram(lines: number): string {
  const text = [...header];
  for (let n = 0; text.length < lines; n++) text.push(...probe(n).split("\n"));
  return text.join("\n");
}

function probe(n: number): string {
  return `type Key${n} struct {
	Pid  uint32
	Size uint32
}

type Sums${n} struct {
	Calls, Bytes uint64
	Comm         [16]byte
}

var (
	sums${n}  = bpf.Hash[Key${n}, Sums${n}](1024)
	limit${n} uint64 = ${n * 7 + 5} // @config
)

func scale${n}(value, by uint64) uint64 {
	return (value*by+${n})>>3 ^ value&${n + 16}
}

// @raw_tp:sys_enter
func probe${n}(ctx *bpf.RawTracepoint) int {
	key := Key${n}{Pid: bpf.PID(), Size: uint32(ctx.Arg(1)) % ${n + 2}}
	sum := sums${n}.Lookup(key)
	if sum == nil {
		sums${n}.Update(key, Sums${n}{Calls: 1, Bytes: scale${n}(ctx.Arg(1), 3), Comm: bpf.Comm()})
		return 0
	}
	if sum.Calls < limit${n} || sum.Bytes%2 == 1 {
		sum.Bytes += scale${n}(ctx.Arg(1), sum.Calls)
	}
	for i := uint64(0); i < ${(n % 5) + 2}; i++ {
		sum.Calls += i ^ sum.Bytes
	}
	return 0
}
`;
}

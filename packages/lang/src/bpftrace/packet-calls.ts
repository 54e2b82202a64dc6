import { argument, type Call, type CallRow, literalNumber, literalText, row } from "./call-arguments.js";
import { type Given, send } from "./events.js";
import type { Shape } from "./script.js";
import { bad, emit, fresh, type State, type Value } from "./state.js";
import type { CallNode, Node } from "./tree.js";
import { as, integer, scalar } from "./values.js";

/** packetRoom is what is kept of a packet: a frame of Ethernet. */
const packetRoom = 1520;

const fieldOf = (object: Node, name: string, node: CallNode): Node => ({
  kind: "field",
  object,
  name,
  nameAt: node,
  start: node.start,
  end: node.end,
});

function number(state: State, node: Node): Value {
  return scalar(state, node, "skboutput");
}

/**
 * skboutput writes a packet into a file for tcpdump and its like. bpftrace asks the kernel's skb_output, which few kinds
 * of programs may call; here the packet's linear part is read, which any probe can that has a pointer to a sk_buff.
 */
const skboutput: Call = (state, node) => {
  const file = literalText(state, argument(node, 0), "skboutput's file");
  const packet = argument(node, 1);
  const value = state.evaluate(state, packet);
  const offset = literalNumber(state, argument(node, 3), "skboutput's offset", 0, packetRoom);
  if (file === undefined || value.type.kind === "bad") return bad;
  if (value.type.kind !== "pointer") {
    state.report.error("wrong-type", packet, "skboutput takes a pointer to a struct sk_buff");
    return bad;
  }
  const wanted = number(state, argument(node, 2));
  const length = number(state, fieldOf(packet, "len", node));
  const data = number(state, fieldOf(packet, "data", node));
  const [whole, taken] = [fresh(state, "n"), fresh(state, "n")];
  state.out.push(
    `${whole} := ${as(length, false)}`,
    `${taken} := ${as(wanted, false)}`,
    `if ${taken} > ${whole} { ${taken} = ${whole} }`,
    `if ${taken} > ${packetRoom} { ${taken} = ${packetRoom} }`,
  );
  const bytes: Shape = { kind: "late", show: "buf", size: 8 + packetRoom };
  const time: Shape = { kind: "int", signed: false };
  const content: Value = {
    type: bytes,
    code: "",
    into: (to) => {
      state.out.push(`${to}.N = ${taken}`);
      emit(state, node, `helpers.ProbeReadKernel(&${to}.B, ${taken}, ${as(data, false)})`);
    },
  };
  const values: Given[] = [
    { value: integer("bpf.BootNS()", false), at: node },
    { value: integer(whole, false), at: node },
    { value: content, at: node },
  ];
  const fields = [time, time, bytes];
  send(state, node, { kind: "packet", file, offset, fields }, values, fields);
  return integer("int64(0)", true, 0n);
};

/** packetCalls look into packets. */
export const packetCalls: Readonly<Record<string, CallRow>> = {
  skboutput: row(4, 4, 'skboutput("a.pcap", (struct sk_buff *)arg0, 1500, 0)', skboutput),
};

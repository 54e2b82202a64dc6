/** connectionStates are semantic conventions' words for the kernel's numbers of a connection's states (include/net/tcp_states.h). */
export const connectionStates: Readonly<Record<number, string>> = {
  1: "established",
  2: "syn_sent",
  3: "syn_received",
  4: "fin_wait_1",
  5: "fin_wait_2",
  6: "time_wait",
  8: "close_wait",
  9: "last_ack",
  11: "closing",
};

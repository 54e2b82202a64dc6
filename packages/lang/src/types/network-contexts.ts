import { lazily } from "../source/lazy.js";
import type { ContextField, ContextRow } from "./context-row.js";

const sizes: Readonly<Record<string, 1 | 2 | 4 | 8>> = { "1": 1, "2": 2, "4": 4, "8": 8 };

/**
 * fieldsOf reads a layout as text: `name:size` or `name:sizexCOUNT`, fields one behind the other at their alignment,
 * `@N` to go on at a place, `=` behind those that a program may write, `*TYPE` for pointers to an object.
 */
export function fieldsOf(layout: string): ContextField[] {
  const fields: ContextField[] = [];
  let at = 0;
  for (const word of layout.trim().split(/\s+/)) {
    const place = /^@(\d+)$/.exec(word)?.[1];
    if (place !== undefined) {
      at = Number(place);
      continue;
    }
    const found = /^(\w+):(?:(\d)(?:x(\d+))?|\*(\w+))(=)?$/.exec(word);
    if (found === null) throw new Error(`no layout of a field: ${word}`);
    const [, name = "", digits = "8", count, object, written] = found;
    const size = sizes[digits] ?? 8;
    at = Math.ceil(at / size) * size;
    fields.push({
      name,
      offset: at,
      size,
      writable: written !== undefined,
      ...(count === undefined ? {} : { count: Number(count) }),
      ...(object === undefined ? {} : { object }),
    });
    at += size * Number(count ?? 1);
  }
  return fields;
}

// Layouts: include/uapi/linux/bpf.h; what may be written: the is_valid_access functions of net/core/filter.c and kernel/bpf/cgroup.c.
const sockAddr = `user_family:4 user_ip4:4= user_ip6:4x4= user_port:4= family:4 type:4 protocol:4 msg_src_ip4:4=
  msg_src_ip6:4x4= sk:*bpf_sock`;
const sock = `bound_dev_if:4= family:4 type:4 protocol:4 mark:4= priority:4= src_ip4:4 src_ip6:4x4 src_port:4
  dst_port:2 @52 dst_ip4:4 dst_ip6:4x4 state:4 rx_queue_mapping:4`;
const sockOps = `op:4 reply:4= @4 args:4x4 family:4 remote_ip4:4 local_ip4:4 remote_ip6:4x4 local_ip6:4x4 remote_port:4
  local_port:4 is_fullsock:4 snd_cwnd:4 srtt_us:4 bpf_sock_ops_cb_flags:4 state:4 rtt_min:4 snd_ssthresh:4 rcv_nxt:4
  snd_nxt:4 snd_una:4 mss_cache:4 ecn_flags:4 rate_delivered:4 rate_interval_us:4 packets_out:4 retrans_out:4
  total_retrans:4 segs_in:4 data_segs_in:4 segs_out:4 data_segs_out:4 lost_out:4 sacked_out:4 sk_txhash:4=
  bytes_received:8 bytes_acked:8 sk:*bpf_sock @208 skb_len:4 skb_tcp_flags:4 skb_hwtstamp:8`;
const skMsg = `@16 family:4 remote_ip4:4 local_ip4:4 remote_ip6:4x4 local_ip6:4x4 remote_port:4 local_port:4 size:4 sk:*bpf_sock`;
const skLookup = `cookie:8 family:4 protocol:4 remote_ip4:4 remote_ip6:4x4 remote_port:2 @40 local_ip4:4 local_ip6:4x4
  local_port:4 ingress_ifindex:4`;
const reuseport = `@16 len:4 eth_protocol:4 ip_protocol:4 bind_inany:4 hash:4 sk:*bpf_sock migrating_sk:*bpf_sock`;
const sockopt = `sk:*bpf_sock @24 level:4= optname:4= optlen:4= retval:4=`;
const sysctl = "write:4 file_pos:4=";
const device = "access_type:4 major:4 minor:4";

const row = (name: string, layout: string, more: Partial<ContextRow> = {}): ContextRow => {
  const fields = lazily(() => fieldsOf(layout));
  return {
    name,
    aliases: [],
    access: "fields",
    get fields() {
      return fields();
    },
    ...more,
  };
};

/** networkContexts are the contexts of sockets and control groups. */
export const networkContexts: readonly ContextRow[] = [
  row("SockAddr", sockAddr),
  row("Sock", sock),
  row("SockOps", sockOps),
  row("SkMsg", skMsg, { packet: { data: 0, end: 8, size: 8 } }),
  row("SkLookup", skLookup),
  row("SkReuseport", reuseport, { packet: { data: 0, end: 8, size: 8 } }),
  row("SockOpt", sockopt, { aliases: ["Sockopt"] }),
  row("Sysctl", sysctl),
  row("Device", device),
];

const objects = [
  ["bpf_sock", sock],
  [
    "bpf_tcp_sock",
    `snd_cwnd:4 srtt_us:4 rtt_min:4 snd_ssthresh:4 rcv_nxt:4 snd_nxt:4 snd_una:4 mss_cache:4 ecn_flags:4 rate_delivered:4
     rate_interval_us:4 packets_out:4 retrans_out:4 total_retrans:4 segs_in:4 data_segs_in:4 segs_out:4 data_segs_out:4
     lost_out:4 sacked_out:4 bytes_received:8 bytes_acked:8 dsack_dups:4 delivered:4 delivered_ce:4 icsk_retransmits:4`,
  ],
] as const;

/** objectFields are the fields of what contexts point to, which are read as the context is. */
export const objectFields: ReadonlyMap<string, readonly ContextField[]> = new Map(
  objects.map(([name, layout]) => [name, fieldsOf(layout)]),
);

import type { LogRow } from "@go3s/server";
import { bytesFigure, figureText } from "../base/number.js";
import { durationText } from "../base/time.js";

const joined = (address: string, port: string): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** tcpLine says a connection's record in one line; undefined for any other record. */
export function tcpLine(row: LogRow): string | undefined {
  if (!row.event_name.startsWith("tcp.")) return undefined;
  const of = (key: string) => row.attributes[key] ?? "";
  const local = joined(of("network.local.address"), of("network.local.port"));
  const peer = joined(of("network.peer.address"), of("network.peer.port"));
  const service = of("peer.service");
  const server = of("go3s.tcp.role") === "server";
  const parts = [`${local} ${server ? "←" : "→"} ${service === "" ? "" : `${service} `}${peer}`];
  if (of("error.type") !== "") parts.push(of("error.type"));
  if (of("go3s.tcp.connect_ns") !== "")
    parts.push(`connected in ${durationText(Number(of("go3s.tcp.connect_ns")))}`);
  if (of("go3s.tcp.duration_ns") !== "")
    parts.push(`open ${durationText(Number(of("go3s.tcp.duration_ns")))}`);
  if (of("go3s.tcp.bytes_sent") !== "")
    parts.push(`${figureText(bytesFigure(Number(of("go3s.tcp.bytes_sent"))))} sent`);
  if (of("go3s.tcp.bytes_received") !== "")
    parts.push(`${figureText(bytesFigure(Number(of("go3s.tcp.bytes_received"))))} received`);
  if (of("go3s.tcp.retransmits") !== "") parts.push(`${of("go3s.tcp.retransmits")} retransmits`);
  return parts.join(" · ");
}

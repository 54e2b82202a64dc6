// An extension of go3s trace: a kind of probes, `http:request:PORT`, and a predicate, `@service`.
//
//   npm run build
//   go3s trace --extension examples/dist/extensions/http.js \
//     'http:request:8080 /@service == "shop"/ { printf("%d bytes: %s\n", args.bytes, args.line); }'
//
// A request is what a server reads from a connection of its port. The kernel tells of it at the raw tracepoint
// sock_recv_length; where the bytes lie is only known when read() begins, so a further probe keeps the address until then.
import { readdirSync, readFileSync } from "node:fs";
import type { ProbeProvider, ScriptExtension } from "@go3s/lang";

const buffers = `
tracepoint:syscalls:sys_enter_read { @http_buffer[tid] = args.buf; }
tracepoint:syscalls:sys_enter_recvfrom { @http_buffer[tid] = args.ubuf; }
tracepoint:syscalls:sys_exit_read, tracepoint:syscalls:sys_exit_recvfrom { delete(@http_buffer[tid]); }
end { clear(@http_buffer); }
`;

const methods = ["GET ", "POST", "PUT ", "HEAD", "DELE", "PATC"];
const starts = methods.map((method) => `strncmp(str(uptr(@http_buffer[tid]), 5), "${method}", 4) == 0`);

const http: ProbeProvider = {
  expand([what, port]) {
    if (what !== "request" || port === undefined || !/^\d{1,5}$/.test(port))
      throw new Error("write it as http:request:PORT");
    return {
      points: ["rawtracepoint:sock_recv_length"],
      predicate: `args.sk.__sk_common.skc_num == ${port} && args.ret > 4 && @http_buffer[tid] != 0 && (${starts.join(" || ")})`,
      args: {
        line: "str(uptr(@http_buffer[tid]), 64)",
        bytes: "args.ret",
        port: "args.sk.__sk_common.skc_num",
      },
      script: buffers,
    };
  },
};

/** processesOf finds the processes whose OpenTelemetry service name is this one, in their environment. */
function processesOf(service: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        return variables.includes(`OTEL_SERVICE_NAME=${service}`);
      } catch {
        return false;
      }
    });
}

export const extension: ScriptExtension = {
  probes: { http },
  predicates: {
    service: {
      compare(operator, value) {
        if (typeof value !== "string" || (operator !== "==" && operator !== "!="))
          throw new Error('a service is compared with == or != and a name: @service == "shop"');
        const found = processesOf(value);
        if (found.length === 0) throw new Error(`no process has OTEL_SERVICE_NAME=${value}`);
        const any = found.map((pid) => `pid == ${pid}`).join(" || ");
        return operator === "==" ? `(${any})` : `!(${any})`;
      },
    },
  },
};

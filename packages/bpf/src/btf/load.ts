import { BTF_LOAD_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";

const LOG_BYTES = 64 * 1024;

/** loadBtf gives BTF to the kernel (4.18), which programs and maps then refer to. Throws BpfError with its log. */
export function loadBtf(bytes: Uint8Array): Descriptor {
  const values = { btf: bytes, btf_size: bytes.length };
  let fd = bpf("BPF_BTF_LOAD", BTF_LOAD_ATTR, values);
  if (fd >= 0) return new Descriptor(fd, "BTF");
  const log = new Uint8Array(LOG_BYTES);
  fd = bpf("BPF_BTF_LOAD", BTF_LOAD_ATTR, {
    ...values,
    btf_log_buf: log,
    btf_log_size: LOG_BYTES,
    btf_log_level: 1,
  });
  if (fd >= 0) return new Descriptor(fd, "BTF");
  const end = log.indexOf(0);
  throw failure(-fd, {
    call: "BPF_BTF_LOAD",
    tried: `load ${bytes.length} bytes of BTF`,
    since: "4.18",
    log: new TextDecoder().decode(log.subarray(0, end < 0 ? LOG_BYTES : end)),
  });
}

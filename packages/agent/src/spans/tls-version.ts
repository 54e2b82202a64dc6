// What the probes call a version of TLS: its last digit on the wire (RFC 8446 section 4.1.2), or that it is not known.
const versions = ["", "1", "1.1", "1.2", "1.3"] as const;

/** tlsVersionText is a version as tls.protocol.version has it; "" for one that is not known. */
export function tlsVersionText(secure: number): string {
  return versions[secure] ?? "";
}

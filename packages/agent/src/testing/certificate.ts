import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Certificate is a self-signed one for 127.0.0.1, in files of its own folder. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  remove(): void;
}

/** makeCertificate makes one that lasts a day. It needs the openssl command. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "go3s-certificate-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(
    "openssl",
    ["req", "-x509", ...curve, "-nodes", "-days", "1", ...name, "-keyout", key, "-out", cert],
    { stdio: "pipe" },
  );
  return { key, cert, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

import { checkCapture } from "../testing/check.js";
import { dns } from "./dns.js";

const asked = (name: string, code: string, answers?: readonly string[]) => ({
  "dns.question.name": name,
  "go3s.dns.response_code": code,
  ...(answers === undefined ? {} : { "dns.answers": answers }),
});
const questions = [
  ["DNS A", asked("api.shop.test", "NOERROR", ["10.1.2.3"])],
  ["DNS AAAA", asked("api.shop.test", "NOERROR", ["2001:db8::7"])],
  ["DNS A", asked("www.test", "NOERROR", ["web.test", "10.9.8.7"])],
  ["DNS A", asked("missing.test", "NXDOMAIN"), "NXDOMAIN"],
  ["DNS MX", asked("test", "NOERROR", ["mail.test"])],
  ["DNS SRV", asked("_http._tcp.test", "NOERROR", ["web.test"])],
  ["DNS A", asked("elsewhere.example", "REFUSED"), "REFUSED"],
] as const;

checkCapture(dns, "dns-udp", [...questions, questions[0], questions[1]]);
checkCapture(dns, "dns-tcp", questions);

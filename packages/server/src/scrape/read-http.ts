import type { HttpOptions } from "./config.js";
import { unknownWord } from "./words.js";
import type { YamlEntry, YamlValue } from "./yaml-reader.js";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** noHttpOptions: no credentials, the system's certificates. */
export function noHttpOptions(): Writable<HttpOptions> {
  return { tls: { insecureSkipVerify: false }, followRedirects: true };
}

/** readHttpOption takes a word of the settings for HTTP; false for another word. Throws ServerError "bad-config". */
export function readHttpOption({ name, key, value }: YamlEntry, http: Writable<HttpOptions>): boolean {
  if (name === "follow_redirects") http.followRedirects = value.boolean();
  else if (name === "basic_auth") http.basic = readBasic(value);
  else if (name === "authorization") http.authorization = readAuthorization(value);
  else if (name === "tls_config") http.tls = readTls(value);
  else if (name === "bearer_token") http.authorization = { scheme: "Bearer", credentials: value.scalar() };
  else if (name === "bearer_token_file") http.authorization = { scheme: "Bearer", file: value.text() };
  else return false;
  if (http.basic !== undefined && http.authorization !== undefined)
    throw key.wrong("basic_auth and authorization exclude each other");
  return true;
}

function readBasic(value: YamlValue): NonNullable<HttpOptions["basic"]> {
  const basic: Writable<NonNullable<HttpOptions["basic"]>> = { username: "" };
  for (const each of value.map()) {
    if (each.name === "username") basic.username = each.value.scalar();
    else if (each.name === "password") basic.password = each.value.scalar();
    else if (each.name === "password_file") basic.passwordFile = each.value.text();
    else throw unknownWord(each, ["username", "password", "password_file"]);
  }
  if (basic.password !== undefined && basic.passwordFile !== undefined)
    throw value.wrong("password and password_file exclude each other");
  return basic;
}

function readAuthorization(value: YamlValue): NonNullable<HttpOptions["authorization"]> {
  const found: Writable<NonNullable<HttpOptions["authorization"]>> = { scheme: "Bearer" };
  for (const each of value.map()) {
    if (each.name === "type") found.scheme = each.value.text();
    else if (each.name === "credentials") found.credentials = each.value.scalar();
    else if (each.name === "credentials_file") found.file = each.value.text();
    else throw unknownWord(each, ["type", "credentials", "credentials_file"]);
  }
  if ((found.credentials === undefined) === (found.file === undefined))
    throw value.wrong("authorization needs credentials or credentials_file, one of them");
  if (found.scheme.toLowerCase() === "basic") throw value.wrong("use basic_auth for the type Basic");
  return found;
}

function readTls(value: YamlValue): HttpOptions["tls"] {
  const tls: Writable<HttpOptions["tls"]> = { insecureSkipVerify: false };
  for (const each of value.map()) {
    if (each.name === "ca_file") tls.caFile = each.value.text();
    else if (each.name === "cert_file") tls.certFile = each.value.text();
    else if (each.name === "key_file") tls.keyFile = each.value.text();
    else if (each.name === "server_name") tls.serverName = each.value.text();
    else if (each.name === "insecure_skip_verify") tls.insecureSkipVerify = each.value.boolean();
    else throw unknownWord(each, ["ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify"]);
  }
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined))
    throw value.wrong("cert_file and key_file belong together");
  return tls;
}

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What lies in test/certificates: `other-ca` signed none of the others, `other-host` is a server's for other.example. */
type Pem =
  | "ca"
  | "other-ca"
  | "server"
  | "server-key"
  | "other-host"
  | "other-host-key"
  | "client"
  | "client-key";

export const pemPath = (name: Pem): string =>
  fileURLToPath(new URL(`../../../test/certificates/${name}.pem`, import.meta.url));

export const pem = (name: Pem): Buffer => readFileSync(pemPath(name));

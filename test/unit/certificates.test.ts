import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { pem } from "../support/certificates.js";

const ca = new X509Certificate(pem("ca"));
const server = new X509Certificate(pem("server"));
const otherHost = new X509Certificate(pem("other-host"));
const client = new X509Certificate(pem("client"));

test("the test certificates are the test CA's, with their keys, and outlive this project", () => {
  for (const [certificate, key] of [
    [server, pem("server-key")],
    [otherHost, pem("other-host-key")],
    [client, pem("client-key")],
  ] as const) {
    assert.ok(certificate.verify(ca.publicKey), certificate.subject);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key)), certificate.subject);
    assert.match(certificate.validTo, /2120/);
  }
});

test("the test certificates are of the hosts and for the uses that their names say", () => {
  assert.ok(server.checkHost("localhost") && server.checkIP("127.0.0.1"));
  assert.ok(otherHost.checkHost("other.example") && !otherHost.checkHost("localhost"));
  assert.ok(!otherHost.checkIP("127.0.0.1"));
  assert.deepEqual(client.keyUsage, ["1.3.6.1.5.5.7.3.2"], "clientAuth (RFC 5280 section 4.2.1.12)");
});

test("the other test CA signed none of them", () => {
  const other = new X509Certificate(pem("other-ca"));
  assert.ok(other.ca);
  for (const certificate of [server, otherHost, client]) assert.ok(!certificate.verify(other.publicKey));
});

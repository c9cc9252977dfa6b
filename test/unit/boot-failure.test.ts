import assert from "node:assert/strict";
import { test } from "node:test";
import { failureIn } from "#dist/broker/private-broker.js";

const at = "2026-11-24 15:00:52.827232+00:00";
/** What RabbitMQ 4.3 logs to stdout of a line that it does not know, and what it writes to stderr. */
const logged = [
  `${at} [error] <0.144.0> Error preparing configuration in phase transform_datatypes:`,
  `${at} [error] <0.144.0>   - Conf file attempted to set unknown variable: no_such_setting`,
  `${at} [error] <0.144.0> `,
  `${at} [error] <0.144.0> BOOT FAILED`,
  `${at} [error] <0.144.0> ===========`,
  `${at} [error] <0.144.0> Error during startup: {error,failed_to_prepare_configuration}`,
  `${at} [notice] <0.45.0> Application rabbitmq_prelaunch exited`,
];
const banner = [
  "",
  "BOOT FAILED",
  "===========",
  "Error during startup: {error,failed_to_prepare_configuration}",
];

test("why a node did not start is found wherever a container's log has what came on stderr", () => {
  for (let before = 0; before <= logged.length; before++) {
    const log = [...logged.slice(0, before), ...banner, ...logged.slice(before)].join("\n");
    assert.match(failureIn(log), /no_such_setting[\s\S]*BOOT FAILED/, `after ${before} lines`);
  }
});

test("without RabbitMQ's banner the last lines are shown", () => {
  assert.equal(failureIn("docker: no such image\n"), "docker: no such image");
  assert.equal(failureIn(banner.join("\n")).split("\n").at(-1), banner.at(-1));
});

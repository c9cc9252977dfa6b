import { arch, cpus, platform, release, totalmem } from "node:os";
import { findPika, versionOf } from "./provide.mjs";

const peers = ["amqplib", "rabbitmq-client", "@cloudamqp/amqp-client", "amqp-connection-manager"];

/** Where and with what was measured, in a sentence. */
export function circumstances(stage) {
  const cores = cpus();
  const pika = findPika();
  const told = (expression) => /[\d.]+/.exec(stage.evaluate(expression))?.[0];
  const machine = [
    `${cores.length} × ${cores[0]?.model.trim() || arch()}`,
    `${Math.round(totalmem() / 1e9)} GB`,
    `${platform()} ${release()}`,
  ];
  const versions = [
    `Node ${process.versions.node}`,
    `RabbitMQ ${told("rabbit_misc:version().")}`,
    `Erlang ${told("erlang:system_info(otp_release).")}`,
    ...peers.map((peer) => `${peer} ${versionOf(peer)}`),
    ...(pika === undefined ? [] : [`pika ${pika.version}`]),
  ];
  return `${new Date().toISOString().slice(0, 10)}, ${machine.join(", ")}; ${versions.join(", ")}`;
}

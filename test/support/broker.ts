import { findInstalled } from "#dist/broker/installed-node.js";

/** Why there can be no cluster of private brokers here, or false: for a test's `skip`. */
export const noCluster: string | false =
  process.env["TASK_QUEUE_IMAGE"] === undefined && findInstalled() !== undefined
    ? false
    : "a cluster needs an installed rabbitmq-server; this run starts RabbitMQ from a Docker image";

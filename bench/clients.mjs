import { join } from "node:path";
import { compileLimit } from "./machine.mjs";
import { sizes } from "./sizes.mjs";

const bench = import.meta.dirname;
const node = (...words) => [process.execPath, ...words];
const own = (name) => node(join(bench, "../dist/bin", `${name}.js`));

/**
 * The clients that are measured: a name, and the command lines to publish tasks and to consume them. `isPeer`: a library
 * of others. `prints`: a line that the output must have.
 */
export function findClients({ url, directory }) {
  const { hostname, port } = new URL(url);
  const program = compileLimit(directory);
  const limit = program === undefined ? node(join(bench, "limit/raw.mjs")) : [program];
  const peer = (name, file, ...more) => {
    const words = node(join(bench, "peers", file));
    return {
      name,
      isPeer: true,
      publish: ({ queue, type, file }) => [
        ...words,
        "publish",
        url,
        queue,
        type,
        file,
        sizes.window,
        ...more,
      ],
      consume: ({ queue, type, count, prefetch }) => [
        ...[...words, "consume", url, queue, type, count, prefetch],
        ...more,
      ],
    };
  };
  return {
    limit: {
      name: program === undefined ? "limit (Node)" : "limit (C)",
      publish: ({ queue, type, count, bytes, properties, mandatory }) => [
        ...[...limit, "publish", hostname, port, queue, type, count, bytes, properties, Number(mandatory)],
      ],
      consume: ({ queue, type, count, prefetch }) => [
        ...[...limit, "consume", hostname, port, queue, type, count, prefetch],
      ],
    },
    ours: {
      name: "ours",
      publish: ({ queue, type, file }) => [
        ...[...own("new-task"), "--url", url, "--queue", queue],
        ...(file === undefined ? ["Hello"] : ["--file", file]),
        ...(type === "quorum" ? ["--queue-type", "quorum"] : []),
      ],
      consume: ({ queue, count, prefetch }) => [
        ...[...own("worker"), "--url", url, "--queue", queue, "--max-tasks", count],
        ...(prefetch > 1 ? ["--concurrency", prefetch] : []),
      ],
      prints: {
        publish: (count) => `${count.toLocaleString("en-US")} tasks sent and confirmed`,
        consume: (count) => `Stopped: ${count.toLocaleString("en-US")} tasks done`,
      },
    },
    amqplib: peer("amqplib", "amqplib.mjs"),
    amqplibNagle: peer("amqplib, its default (Nagle)", "amqplib.mjs", "nagle"),
    rabbitmqClient: peer("rabbitmq-client", "rabbitmq-client.mjs"),
    cloudamqp: peer("@cloudamqp/amqp-client", "cloudamqp.mjs"),
  };
}

import { join } from "node:path";
import { compileLimit, findPika, hasAmqpTools } from "./provide.mjs";
import { sizes } from "./sizes.mjs";

const bench = import.meta.dirname;
const node = (...words) => [process.execPath, ...words];
const own = (name) => node(join(bench, "../dist/bin", `${name}.js`));

/**
 * Everybody who is measured: a name, the command lines to publish the lines of a file and to consume so many tasks,
 * and why it is left out where it is. `says`: what its output must tell. `alone`: a command without a queue.
 */
export function findClients(stage) {
  const { url, port } = stage;
  const program = compileLimit(stage.directory);
  const pika = findPika();
  const noPika = pika === undefined && "Python's pika is not installed (Debian: python3-pika)";
  const noTools = !hasAmqpTools() && "amqp-publish and amqp-consume are not installed (Debian: amqp-tools)";

  const socket = (name, words, skip) => ({
    name,
    skip,
    publish: ({ queue, type, count, bytes }) => [...words, "publish", port, queue, type, count, bytes],
    consume: ({ queue, type, count, prefetch }) => [...words, "consume", port, queue, type, count, prefetch],
  });
  const peer = (name, words, skip, more = []) => ({
    name,
    skip,
    publish: ({ queue, type, file, window = sizes.window }) => [
      ...[...words, "publish", url, queue, type, file, window],
      ...more,
    ],
    consume: ({ queue, type, count, prefetch }) => [
      ...[...words, "consume", url, queue, type, count, prefetch],
      ...more,
    ],
  });
  const library = (name, file, more) => peer(name, node(join(bench, "peers", file)), false, more);

  return {
    limit: socket("limit (C)", [program], program === undefined && "there is no C compiler"),
    raw: socket("raw Node socket", node(join(bench, "limit/raw.mjs")), false),
    ours: {
      name: "ours",
      skip: false,
      publish: ({ queue, type, file }) => [
        ...own("new-task"),
        ...["--url", url, "--queue", queue, "--file", file],
        ...(type === "quorum" ? ["--queue-type", "quorum"] : []),
      ],
      consume: ({ queue, count, prefetch }) => [
        ...own("worker"),
        ...["--url", url, "--queue", queue, "--max-tasks", count],
        ...(prefetch > 1 ? ["--concurrency", prefetch] : []),
      ],
      says: {
        publish: (count) => `${count.toLocaleString("en-US")} tasks sent and confirmed`,
        consume: (count) => `Stopped: ${count.toLocaleString("en-US")} tasks done`,
      },
    },
    oursWithOneTask: {
      name: "ours: new-task Hello",
      skip: false,
      publish: ({ queue }) => [...own("new-task"), "--url", url, "--queue", queue, "Hello"],
    },
    oursHelp: { name: "ours: new-task --help", skip: false, alone: [...own("new-task"), "--help"] },
    node: { name: "node -e 0", skip: false, alone: node("-e", "0") },
    amqplib: library("amqplib", "amqplib.mjs"),
    amqplibNagle: library("amqplib, its default (Nagle)", "amqplib.mjs", ["nagle"]),
    rabbitmqClient: library("rabbitmq-client", "rabbitmq-client.mjs"),
    cloudamqp: library("@cloudamqp/amqp-client", "cloudamqp.mjs"),
    connectionManager: library("amqp-connection-manager", "connection-manager.mjs"),
    pika: peer("pika", [pika?.python, join(bench, "peers/blocking.py")], noPika),
    tutorialJavaScript: {
      name: "tutorial, JavaScript",
      skip: false,
      publish: ({ queue }) => node(join(bench, "peers/tutorial.mjs"), "publish", url, queue, "Hello"),
      consume: ({ queue, count }) => node(join(bench, "peers/tutorial.mjs"), "consume", url, queue, count),
    },
    tutorialPython: {
      name: "tutorial, Python",
      skip: noPika,
      consume: ({ queue, count }) => [pika?.python, join(bench, "peers/tutorial.py"), url, queue, count],
    },
    amqpTools: {
      name: "amqp-tools",
      skip: noTools,
      publish: ({ queue }) => ["amqp-publish", "--url", url, "-r", queue, "-p", "-b", "Hello"],
      consume: ({ queue, count, prefetch }) => [
        ...["amqp-consume", "--url", url, "-q", queue, "-p", prefetch, "-c", count],
        "cat",
      ],
    },
  };
}

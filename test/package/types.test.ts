import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Consumer, root } from "./consumer.js";

const consumer = new Consumer({ after });
const tsc = join(root, "node_modules/typescript/bin/tsc");

const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith(".md"),
);

/** Every code block in TypeScript, as a file of its own. */
const blocks = new Map<string, string>();
for (const page of pages)
  for (const [at, [, code = ""]] of [
    ...readFileSync(join(root, page), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm),
  ].entries())
    blocks.set(`${page.replaceAll(/\W/g, "-")}-${at + 1}.ts`, code);

/** Type-checks files as strictly as TypeScript can, with the types of the package checked as well. */
function typeErrors(name: string, files: string[], how: Record<string, unknown>): string {
  const compilerOptions = {
    ...how,
    noEmit: true,
    target: "es2022",
    types: ["node"],
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    noImplicitReturns: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
  };
  consumer.write(name, JSON.stringify({ compilerOptions, files }));
  const { stdout, stderr } = consumer.node(tsc, "-p", name);
  return stdout + stderr;
}

test("every code block in TypeScript of README and docs is right in a strict project", () => {
  for (const [name, code] of blocks) consumer.write(name, code);
  const names = [...blocks.keys()];
  for (const page of ["README", "library"])
    assert.ok(
      names.some((name) => name.includes(page)),
      page,
    );
  const esm = JSON.stringify({ type: "module" });
  consumer.write("package.json", esm);
  assert.equal(typeErrors("nodenext.json", names, { module: "nodenext" }), "");
  assert.equal(typeErrors("bundler.json", names, { module: "preserve", moduleResolution: "bundler" }), "");
});

test("no page has code for the library in a block that is not checked", () => {
  for (const page of pages)
    assert.doesNotMatch(readFileSync(join(root, page), "utf8"), /^ +import .*"rabbitmq-work-queue"/m, page);
});

test("a project in CommonJS has the types too", () => {
  consumer.write("package.json", "{}");
  consumer.write(
    "service.cts",
    `import { createPublisher, startWorker } from "rabbitmq-work-queue";
    import library = require("rabbitmq-work-queue");
    const publisher: library.Publisher = createPublisher({ url: process.env["AMQP_URL"] });
    const worker = startWorker((task) => publisher.publish(task.body), { concurrency: 2 });
    // @ts-expect-error: the types are there, or this would be no error
    worker.stop(5);\n`,
  );
  assert.equal(typeErrors("commonjs.json", ["service.cts"], { module: "nodenext" }), "");
});

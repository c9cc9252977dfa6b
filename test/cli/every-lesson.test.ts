import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lessons } from "#dist/lessons/lessons.js";
import { run } from "../support/command.js";
import { leftRunning } from "../support/left-running.js";
import { ownTemporary } from "../support/own-temporary.js";
import { brokerUrl } from "../support/queue.js";
import { noXmlParser, parseXml } from "../support/xml.js";

for (const { name, question, killsBroker } of lessons)
  test(`lesson ${name}: everything a lesson has, exit 0, nothing left running or on disk`, async (t) => {
    const temporary = ownTemporary(t);
    const svg = join(temporary.outside, "picture.svg");
    // One that starts no broker is the faster; share-the-work is the one that does without killing it.
    const where = killsBroker || name === "share-the-work" ? [] : ["--url", brokerUrl];
    const words = ["lesson", name, "--dot", "120ms", "--svg", svg, ...where];
    const { code, stdout, stderr } = await run(t, "task-queue", words, temporary);
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stderr, "");
    assert.ok(stdout.startsWith(question));
    assert.match(stdout, /^ time +0s/m);
    const said = stdout.split("\n").filter((line) => /^[a-z]\S* +│/.test(line));
    assert.equal(new Set(said.map((line) => line.indexOf("│"))).size, 1, said.join("\n"));
    for (const title of ["What was measured", "By hand", "Read on"])
      assert.match(stdout, new RegExp(`^${title}$`, "m"));
    assert.match(stdout, /^ {2}terminal 1 {3}\$ /m);
    assert.match(stdout, /^ {2}https:\/\/www\.rabbitmq\.com\//m);
    assert.equal(/^ broker /m.test(stdout), killsBroker);
    assert.match(readFileSync(svg, "utf8"), /^<svg .*<\/svg>\n$/s);
    if (noXmlParser === false) parseXml([readFileSync(svg, "utf8")]);
    else t.diagnostic(noXmlParser);
    assert.deepEqual(temporary.left(), []);
    assert.deepEqual(leftRunning(temporary.env.TMPDIR), []);
  });

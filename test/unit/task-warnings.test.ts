import assert from "node:assert/strict";
import { test } from "node:test";
import { Task } from "#dist/engine/task.js";
import { lengthLine, returnsLine, timeoutLine } from "#dist/report/task-warnings.js";

const poison = new Task("1", Buffer.from("poison."));
const rabbit = (version: string) => ({ product: "RabbitMQ", version });

test("a task that came back once or never is nothing to tell of", () => {
  for (const returns of [0, 1])
    for (const broker of [rabbit("3.13.7"), rabbit("4.4.1"), { product: "x", version: "" }])
      assert.equal(returnsLine(poison, returns, broker, "broker"), undefined);
});

test("RabbitMQ 4 bears 20 returns unless the queue or a policy says otherwise", () => {
  const cases: [returns: number, becomes: string][] = [
    [2, ", and drops or dead-letters it at the 21st, unless the queue or a policy sets another limit."],
    [19, ", and drops or dead-letters it at the 21st, unless the queue or a policy sets another limit."],
    [20, ", and drops or dead-letters it at the next, unless the queue or a policy sets another limit."],
    [21, ": more than its default limit of 20, so the queue or a policy sets another, or none."],
    [12_345, ": more than its default limit of 20, so the queue or a policy sets another, or none."],
  ];
  for (const version of ["4.0.0", "4.4.1", "5.0.0-rc.1", "10.1"])
    for (const [returns, becomes] of cases)
      assert.equal(
        returnsLine(poison, returns, rabbit(version), "broker"),
        `RabbitMQ counts ${returns.toLocaleString("en-US")} returns of 'poison.'${becomes}`,
      );
});

test("RabbitMQ before 4.0 has no limit unless the queue or a policy sets one", () => {
  for (const version of ["3.8.0", "3.10.8", "3.13.7"])
    for (const returns of [2, 20, 21])
      assert.equal(
        returnsLine(poison, returns, rabbit(version), "broker"),
        `RabbitMQ counts ${returns} returns of 'poison.'; before 4.0 it has no limit of its own, only one the queue or a policy sets.`,
      );
});

test("of another broker, or a version that says nothing, no number is named", () => {
  for (const broker of [{ product: "LavinMQ", version: "4.0.0" }, rabbit(""), rabbit("main\x1b[2J")])
    assert.equal(
      returnsLine(poison, 20, broker, "broker"),
      "The broker counts 20 returns of 'poison.'; its delivery limit, if it has one, says when it drops or dead-letters it.",
    );
});

test("a worker that does not leave it to the broker says when it acts itself", () => {
  for (const broker of [rabbit("3.10.8"), rabbit("4.3.6"), { product: "x", version: "" }])
    assert.equal(
      returnsLine(poison, 5, broker, []),
      "The broker counts 5 returns of 'poison.'; at the 19th a worker makes it a dead letter instead of beginning it.",
    );
});

test("a task longer than the broker's patience is named, in the unit that fits", () => {
  const dots = (number: number) => new Task("1", Buffer.from(".".repeat(number)));
  const cases: [number: number, dotMs: number, length: string | undefined][] = [
    [0, 3_600_000, undefined],
    [5, 1_000, undefined],
    [1_800, 1_000, undefined],
    [1_801, 1_000, "30.0 minutes"],
    [35, 60_000, "35.0 minutes"],
    [3, 1_800_000, "1.5 hours"],
    [1_000_000, 1_000, "11.6 days"],
    [1_000_000, 86_400_000, "1,000,000.0 days"],
    [1_000_000, 0, undefined],
  ];
  for (const [number, dotMs, length] of cases) {
    const line = lengthLine(dots(number), dotMs, undefined);
    if (length === undefined) assert.equal(line, undefined);
    else
      assert.match(
        line ?? "",
        new RegExp(
          `^'\\.{3,40}…?' is ${length} of work; RabbitMQ may take it back before \\(consumer_timeout, 30 minutes by default\\)\\.$`,
        ),
      );
  }
});

test("C7: with --consumer-timeout it is that time which a task may take longer than", () => {
  const task = new Task("1", Buffer.from("......")); // six minutes
  assert.equal(lengthLine(task, 60_000, 6 * 60_000), undefined);
  assert.equal(
    lengthLine(task, 60_000, 5 * 60_000),
    "'......' is 6.0 minutes of work; RabbitMQ may take it back before (5.0 minutes were asked for).",
  );
});

test("what is hostile in a task is escaped, and little of it shown", () => {
  const hostile = new Task("1", Buffer.from(`\x1b[2J\n${"...".repeat(1_000)}`));
  for (const line of [
    returnsLine(hostile, 2, rabbit("4.0.0"), "broker"),
    lengthLine(hostile, 60_000, undefined),
  ]) {
    assert.match(line ?? "", /'\\x1b\[2J\\x0a\.{20,40}…'/);
    assert.ok((line ?? "").length < 250);
  }
});

test("C7: a broker that does not know --consumer-timeout is named, one that does is not", () => {
  for (const version of ["3.10.8", "4.0.5", "4.2.9"])
    assert.match(timeoutLine(rabbit(version)) ?? "", /does not know/);
  for (const version of ["4.3.0", "4.10.1", "5.0.0"]) assert.equal(timeoutLine(rabbit(version)), undefined);
});

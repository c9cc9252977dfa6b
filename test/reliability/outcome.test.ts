import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ended } from "../support/command.js";
import { ending } from "./ending.js";
import { Ledger, type Said } from "./ledger.js";
import { outcome } from "./outcome.js";

const ended = (end: Partial<Ended>): Ended => ({ code: 0, signal: null, stdout: "", stderr: "", ...end });
const working = { consuming: 3, endings: [], idle: 0 };

function ledgerOf(...said: [Said["what"], ...string[]][]): Ledger {
  const ledger = new Ledger();
  for (const [what, ...tasks] of said) for (const task of tasks) ledger.note("a worker", { what, task });
  return ledger;
}

test("a task is lost that was believed sent, was not done, and is not in the queue", () => {
  const found = outcome({
    ledger: ledgerOf(["sent", "a", "b", "c", "d"], ["begun", "a", "a", "d", "d"], ["done", "a", "d", "d"]),
    counted: ["a", "b", "c", "d", "never sent"],
    total: 5,
    sender: ended({}),
    workers: working,
    left: ["c"],
    struckAt: undefined,
  });
  const { sent, lost, doneTwice, begunTwice, sender } = found;
  assert.deepEqual({ sent, lost, doneTwice, begunTwice }, { sent: 4, lost: 1, doneTwice: 1, begunTwice: 2 });
  assert.equal(sender, "exit 0 at task 4 of 5");
});

test("only the tasks that count are counted as sent and lost", () => {
  const ledger = ledgerOf(["sent", "in the deleted queue", "after"]);
  const found = outcome({
    ...{ ledger, counted: ["after"], total: 2, workers: working, left: [], struckAt: undefined },
    sender: ended({}),
  });
  assert.deepEqual([found.sent, found.lost], [1, 1]);
});

test("a sender crashes, hangs, or tells what did not arrive", () => {
  const sender = (end: Ended | undefined, refused: string[] = []) =>
    outcome({
      ...{ ledger: ledgerOf(["sent", "a"], ["refused", ...refused]), counted: ["a", "b"], total: 2 },
      ...{ sender: end, workers: working, left: [], struckAt: undefined },
    }).sender;
  assert.equal(sender(undefined), "hung at task 1 of 2");
  assert.equal(sender(ended({ code: 1 }), ["b"]), "exit 1, telling that 1 did not arrive");
  const stderr = "node:events:497\n      throw er;\n\nError: read ECONNRESET\n    at TCP.onStreamRead\n";
  assert.equal(sender(ended({ code: 1, stderr })), "crashed at task 1 of 2: Error: read ECONNRESET");
});

test("errors are named by class and gist", () => {
  const errors = {
    "TypeError: Cannot read properties of null (reading 'content')":
      "TypeError: Cannot read properties of null",
    'Error: Connection closed: 320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - broker"':
      "Error: Connection closed: 320 (CONNECTION-FORCED)",
    "Error: connect ECONNREFUSED 127.0.0.1:25672": "Error: connect ECONNREFUSED 127.0.0.1",
    "pika.exceptions.ConnectionClosedByBroker: (320, 'CONNECTION_FORCED - broker')":
      "ConnectionClosedByBroker: 320, CONNECTION_FORCED",
    "pika.exceptions.StreamLostError: Stream connection lost: BrokenPipeError(32, 'Broken pipe')":
      "StreamLostError: Stream connection lost: BrokenPipeError",
  };
  for (const [line, told] of Object.entries(errors))
    assert.equal(ending(ended({ code: 1, stderr: `somewhere\n${line}\n` })), `crashed: ${told}`);
  assert.equal(ending(ended({ code: null, signal: "SIGINT", stderr: "KeyboardInterrupt\n" })), "SIGINT");
});

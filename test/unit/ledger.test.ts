import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Correlator, HOLD_MS, type Sample } from "#dist/live/correlator.js";
import { HISTORY_LENGTH, History } from "#dist/live/history.js";
import { apply, emptyState, heldBy, type LiveState } from "#dist/live/ledger.js";
import type { LiveEvent, Unstamped } from "#dist/live/live-event.js";
import { Rates } from "#dist/live/rates.js";
import { whoGetsWhat, whySentence } from "#dist/live/words.js";

/** A correlator whose events are applied to a state. */
function watched() {
  const state = emptyState();
  const events: LiveEvent[] = [];
  const correlator = new Correlator((event: Unstamped, at: number) => {
    const stamped = { ...event, at: new Date(at).toISOString() } as LiveEvent;
    events.push(stamped);
    apply(state, stamped);
  });
  correlator.trace = true;
  return { state, events, correlator };
}

const message = (text: string, id = "") => ({
  id,
  hash: text,
  task: { text, bytes: text.length, dots: text.split(".").length - 1 },
});

const channel = (port: number) => `127.0.0.1:${port} -> 127.0.0.1:5672 (1)`;

const consumer = (port: number, prefetch = 1, unacknowledged: number | null = null) => ({
  ...{
    channel: channel(port),
    name: `port ${port}`,
    tag: `ctag-${port}`,
    prefetch,
    autoAck: false,
    unacknowledged,
  },
});

const sample = (askedAt: number, about: Partial<Sample>): Sample => ({
  ...{
    askedAt,
    exists: true,
    ready: 0,
    unacknowledged: null,
    unacknowledgedAge: 0,
    consumers: null,
    dead: null,
  },
  ...about,
});

const held = (state: LiveState) => state.lanes.map((lane) => heldBy(lane).map(({ task }) => task.text));

test("a foreign worker's task is done by now when it is sent the next one beyond its prefetch, not before", () => {
  const { state, events, correlator } = watched();
  correlator.sample(sample(1, { consumers: [consumer(1, 2)] }), true, 2);
  for (const [at, text] of ["a.", "b.", "c."].entries())
    correlator.publish({ ...message(text), channel: channel(9), to: "queue" }, 10 + at);
  assert.deepEqual(
    state.waiting.map(({ task }) => task.text),
    ["a.", "b.", "c."],
  );
  for (const [at, text] of ["a.", "b."].entries())
    correlator.deliver({ ...message(text), channel: channel(1), redelivered: false }, 20 + at);
  assert.deepEqual(held(state), [["a.", "b."]]);
  correlator.deliver({ ...message("c."), channel: channel(1), redelivered: false }, 30);
  assert.deepEqual(held(state), [["b.", "c."]]);
  const done = events.filter(({ event }) => event === "task-done");
  assert.deepEqual(
    done.map((event) => "derived" in event && event.derived),
    ["next delivery"],
  );
});

test("the broker's count ends tasks only where it must have been taken after they were sent", () => {
  const { state, correlator } = watched();
  correlator.sample(sample(1, { consumers: [consumer(1), consumer(2)] }), true, 2);
  correlator.deliver({ ...message("a."), channel: channel(1), redelivered: false }, 100);
  correlator.deliver({ ...message("b."), channel: channel(2), redelivered: false }, 100);
  correlator.sample(sample(99, { unacknowledged: 0 }), true, 101); // asked before
  assert.deepEqual(held(state), [["a."], ["b."]]);
  correlator.sample(sample(200, { unacknowledged: 0, unacknowledgedAge: 6_000 }), true, 201); // may be old
  assert.deepEqual(held(state), [["a."], ["b."]]);
  correlator.sample(sample(200, { unacknowledged: 1 }), true, 202); // one of them, which is not known
  assert.deepEqual(held(state), [["a."], ["b."]]);
  correlator.sample(sample(200, { unacknowledged: 0 }), true, 203);
  assert.deepEqual(held(state), [[], []]);
});

test("a redelivered task leaves the worker that had it, and keeps its place in line until it is sent", () => {
  const { state, correlator } = watched();
  for (const [at, text] of ["a.", "b.", "c."].entries())
    correlator.publish({ ...message(text, `id-${text}`), channel: channel(9), to: "queue" }, 1 + at);
  correlator.deliver({ ...message("a.", "id-a."), channel: channel(1), redelivered: false }, 10);
  correlator.left([...state.lanes][0]?.id ?? "", "gone", 20, "count");
  assert.deepEqual(
    state.waiting.map(({ task, returned }) => [task.text, returned]),
    [
      ["a.", true],
      ["b.", false],
      ["c.", false],
    ],
  );
  correlator.deliver({ ...message("a.", "id-a."), channel: channel(2), redelivered: true }, 30);
  correlator.deliver({ ...message("b.", "id-b."), channel: channel(3), redelivered: false }, 31);
  correlator.deliver({ ...message("b.", "id-b."), channel: channel(2), redelivered: true }, 40);
  assert.deepEqual(
    state.lanes.map(({ name, bars }) => [name, bars.map(({ task, end }) => [task.id, end])]),
    [
      ["port 1", [["id-a.", "requeued"]]],
      [
        "port 2",
        [
          ["id-a.", null],
          ["id-b.", null],
        ],
      ],
      ["port 3", [["id-b.", "requeued"]]],
    ],
  );
});

test("a delivery that comes before its worker says so goes to that worker; one that nobody claims is a foreign one's", () => {
  const { state, correlator } = watched();
  const own = correlator.ownJoins("worker-1", { prefetch: 1, dotMs: 1_000, acts: true }, 1);
  correlator.deliver({ ...message("a."), channel: channel(1), redelivered: false }, 10);
  assert.deepEqual(held(state), [[]]);
  correlator.ownReceived(own, message("a."), false, 12);
  assert.deepEqual(held(state), [["a."]]);
  correlator.deliver({ ...message("b."), channel: channel(2), redelivered: false }, 20);
  correlator.settle(20 + HOLD_MS);
  assert.deepEqual(
    state.lanes.map(({ name }) => name),
    ["worker-1", "port 2"],
  );

  // And the other way round.
  const other = correlator.ownJoins("worker-2", { prefetch: 1, dotMs: 1_000, acts: true }, 30);
  correlator.ownReceived(other, message("c."), false, 40);
  correlator.deliver({ ...message("c."), channel: channel(3), redelivered: false }, 41);
  correlator.settle(1_000);
  assert.deepEqual(
    state.lanes.map(({ name, delivered }) => [name, delivered]),
    [
      ["worker-1", 1],
      ["port 2", 1],
      ["worker-2", 1],
    ],
  );
});

test("a worker of the page is sent the next task just before it has said that it is done: it holds one at a time", () => {
  const { state, correlator } = watched();
  const own = correlator.ownJoins("worker-1", { prefetch: 1, dotMs: 1_000, acts: true }, 1);
  correlator.deliver({ ...message("a."), channel: channel(1), redelivered: false }, 10);
  correlator.ownReceived(own, message("a."), false, 10);
  correlator.deliver({ ...message("b."), channel: channel(1), redelivered: false }, 20);
  assert.deepEqual(held(state), [["a."]]);
  correlator.ownEnded(own, message("a."), "task-done", 0.01, 21);
  assert.deepEqual(held(state), [["b."]]);
  assert.equal(state.choices.toHolding, 0);
  // One that does not say so in time is drawn as it is: with two.
  correlator.deliver({ ...message("c."), channel: channel(1), redelivered: false }, 30);
  correlator.settle(30 + HOLD_MS);
  assert.deepEqual(held(state), [["b.", "c."]]);
});

test("a failed task waits for its retry, comes back, and becomes a dead letter with its reason", () => {
  const { state, correlator } = watched();
  correlator.publish({ ...message("a.", "1"), channel: channel(9), to: "queue" }, 1);
  correlator.deliver({ ...message("a.", "1"), channel: channel(1), redelivered: false }, 10);
  const retry = { delayMs: 5_000, attempt: 1, reason: "exit code 1" };
  correlator.publish({ ...message("a.", "1"), channel: channel(1), to: "retry", retry }, 20);
  assert.deepEqual(held(state), [[]]);
  assert.deepEqual(
    state.retrying.map(({ reason, delayMs }) => [reason, delayMs]),
    [["exit code 1", 5_000]],
  );
  correlator.deliver({ ...message("a.", "1"), channel: channel(1), redelivered: false }, 5_030);
  assert.equal(state.retrying.length, 0);
  const dead = { delayMs: null, attempt: 2, reason: "exit code 65" };
  correlator.publish({ ...message("a.", "1"), channel: channel(1), to: "dead", retry: dead }, 5_040);
  assert.deepEqual(
    state.dead.map(({ task, reason }) => [task.id, reason]),
    [["1", "exit code 65"]],
  );
  assert.equal(state.totals.failed, 2);
});

test("what was purged is gone after two samples in a row, and nothing between them, that say so", () => {
  const { state, correlator } = watched();
  for (const text of ["a.", "b."])
    correlator.publish({ ...message(text), channel: channel(9), to: "queue" }, 1);
  correlator.sample(sample(10, { ready: 0 }), true, 11);
  assert.equal(state.waiting.length, 2);
  correlator.sample(sample(20, { ready: 0 }), true, 21);
  assert.equal(state.waiting.length, 0);
});

/** Any course of events: publishes, deliveries, ends and samples, of messages of which some are the same. */
const course = fc.array(
  fc.record({
    what: fc.constantFrom("publish", "deliver", "redeliver", "leave", "sample", "lost", "settle"),
    text: fc.constantFrom("a.", "b..", "c...", "same", "same."),
    id: fc.constantFrom("", "1", "2", "3"),
    port: fc.integer({ min: 1, max: 4 }),
    ready: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 120 },
);

function play(steps: typeof course extends fc.Arbitrary<infer T> ? T : never) {
  const { state, events, correlator } = watched();
  for (const [at, { what, text, id, port, ready }] of steps.entries()) {
    const now = 1_000 * at + 1;
    const to = channel(port);
    if (what === "publish") correlator.publish({ ...message(text, id), channel: to, to: "queue" }, now);
    else if (what === "deliver" || what === "redeliver")
      correlator.deliver({ ...message(text, id), channel: to, redelivered: what === "redeliver" }, now);
    else if (what === "leave") correlator.left(`w${port}`, "gone", now, "count");
    else if (what === "lost") correlator.brokerLost(now);
    else if (what === "settle") correlator.settle(now);
    else
      correlator.sample(
        sample(now - 1, { ready, unacknowledged: ready, consumers: [consumer(port, 1, ready)] }),
        true,
        now,
      );
  }
  return { state, events };
}

test("whatever happens, no task is in two places, no worker holds more than its prefetch, and counts add up", () => {
  fc.assert(
    fc.property(course, (steps) => {
      const { state } = play(steps);
      const places = [
        ...state.waiting.map(({ task }) => task.id),
        ...state.lanes.flatMap((lane) => heldBy(lane).map(({ task }) => task.id)),
      ];
      assert.equal(new Set(places).size, places.length, `in two places: ${places}`);
      for (const lane of state.lanes) {
        if (lane.prefetch !== null && lane.prefetch > 0) assert.ok(heldBy(lane).length <= lane.prefetch);
        if (lane.status === "gone") assert.equal(heldBy(lane).length, 0);
        for (const { from, to } of lane.bars) assert.ok(to === null || to >= from);
      }
      const { toFree, toHolding } = state.choices;
      assert.equal(toFree + toHolding, state.totals.delivered);
    }),
  );
});

test("rewinding is applying the events again: the state after any number of them is what it was then", () => {
  fc.assert(
    fc.property(course, fc.nat(), (steps, where) => {
      const { events } = play(steps);
      const history = new History();
      const states = [JSON.stringify(history.now)];
      for (const event of events) {
        history.add(event);
        states.push(JSON.stringify(history.now));
      }
      const at = where % states.length;
      assert.equal(JSON.stringify(history.upTo(at)), states[at]);
    }),
    { numRuns: 50 },
  );
});

test("a history keeps the latest events and the state before them: its length is bounded", () => {
  const history = new History();
  const task = (at: number) => ({ id: `m${at}`, text: "x.", bytes: 2, dots: 1 });
  for (let at = 0; at < 3 * HISTORY_LENGTH; at++)
    history.add({
      ...{
        event: "task-published",
        at: new Date(at).toISOString(),
        name: "s",
        sender: "s1",
        task: task(at),
        to: "queue",
      },
    });
  assert.ok(history.events.length <= HISTORY_LENGTH + 500);
  assert.equal(history.next, 3 * HISTORY_LENGTH);
  assert.equal(history.upTo(0).totals.published, 3 * HISTORY_LENGTH - history.events.length);
  const copy = new History(JSON.parse(JSON.stringify(history.recorded)));
  assert.deepEqual(copy.now, history.now);
  assert.ok(JSON.stringify(history.recorded).length < 6_000_000);
});

test("the sentence under the lanes counts what went to free workers, and what taking turns would have changed", () => {
  const { state, correlator } = watched();
  correlator.sample(sample(1, { consumers: [consumer(1), consumer(2)] }), true, 2);
  assert.equal(whoGetsWhat(state), undefined);
  const send = (text: string, port: number, at: number) =>
    correlator.deliver({ ...message(text), channel: channel(port), redelivered: false }, at);
  send("long.....", 1, 10);
  send("one.", 2, 11);
  send("two.", 2, 20);
  send("three.", 2, 30);
  assert.equal(
    whoGetsWhat(state),
    "4 deliveries: port 1 1 and port 2 3. Each went to a free worker, 3 of them while another was busy. Taking turns would have sent 2 of them to another worker.",
  );
  const why = state.lanes[1]?.bars[2]?.why;
  assert.ok(why !== undefined);
  assert.equal(whySentence("port 2", why), "port 2 was free; port 1 held 'long.....'.");
});

test("above 200 events a second there are only counts, until it has been calm for two seconds", () => {
  const rates = new Rates();
  for (let at = 0; at < 200; at++) rates.published();
  assert.equal(rates.exceeds, false);
  rates.delivered();
  assert.equal(rates.exceeds, true);
  rates.begin();
  let calmAt = 0;
  for (let now = 250; calmAt === 0; now += 250) if (rates.tick(now)) calmAt = now;
  assert.ok(calmAt >= 2_000 && calmAt <= 3_500, String(calmAt));
  assert.deepEqual([rates.totals.published, rates.totals.delivered], [200, 1]);
});

test("copies that were too many to read are counted, and told apart when it is calm", () => {
  const rates = new Rates();
  rates.settle(7); // there before
  for (let at = 0; at < 300; at++) rates.published();
  rates.begin();
  for (let at = 0; at < 100; at++) rates.delivered();
  rates.unread(600);
  assert.equal(rates.totals.about, true);
  rates.settle(7 + 120); // not while events come
  assert.equal(rates.totals.about, true);
  for (let now = 250; now <= 1_500; now += 250) rates.tick(now);
  rates.settle(7 + 120);
  const { published, delivered, about } = rates.totals;
  assert.deepEqual([published, delivered, about], [560, 440, false]);
});

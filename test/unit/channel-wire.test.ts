import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { Channel } from "amqplib";
import { ChannelWire } from "#dist/queue/channel-wire.js";
import { defaults } from "#dist/queue/defaults.js";

/** A wire into a stream, and the pieces that arrive there; `takes`: how many the stream takes before it is full. */
function wired(takes = 100) {
  const pieces: string[] = [];
  const buffer = new Writable({
    highWaterMark: takes,
    objectMode: true,
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece.toString("latin1"));
      setImmediate(done);
    },
  });
  const channel = Object.assign(new EventEmitter(), {
    ch: 1,
    connection: { frameMax: 131_072, channels: [undefined, { buffer }] },
    close: async () => pieces.push("close"),
  });
  const wire = new ChannelWire(channel as unknown as Channel);
  const send = (text: string) => wire.send(text.length, (into, at) => into.write(text, at, "latin1"));
  return { pieces, channel, wire, send };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("what is sent in one turn is one piece, in its order, and the next turn's another", async () => {
  const { pieces, send } = wired();
  send("one ");
  send("two");
  assert.deepEqual(pieces, []);
  await turn();
  send("three");
  await turn();
  assert.deepEqual(pieces, ["one two", "three"]);
});

test("what is larger than the buffer, or than its rest, keeps its place", async () => {
  const { pieces, send } = wired();
  const large = "L".repeat(defaults.writeBufferBytes + 1);
  for (const text of ["a", large, "b".repeat(10), "c".repeat(defaults.writeBufferBytes - 5), "d"]) send(text);
  for (let turns = 0; turns < 6; turns++) await turn();
  assert.equal(pieces.join(""), `a${large}${"b".repeat(10)}${"c".repeat(defaults.writeBufferBytes - 5)}d`);
});

test("a piece that is on its way is not written over", async () => {
  const { pieces, send } = wired();
  for (let number = 0; number < 9; number++) {
    send(`${number}`.repeat(defaults.writeBufferBytes / 3));
    if (number % 2 === 0) await turn();
  }
  for (let turns = 0; turns < 12; turns++) await turn();
  const expected = Array.from({ length: 9 }, (_, number) =>
    `${number}`.repeat(defaults.writeBufferBytes / 3),
  );
  assert.equal(pieces.join(""), expected.join(""));
});

test("a channel is closed behind all that was sent on it, and nothing goes to a closed one", async () => {
  const { pieces, wire, send } = wired();
  send("last");
  await wire.close();
  assert.equal(wire.open, false);
  send("too late");
  await turn();
  assert.deepEqual(pieces, ["last", "close"]);
});

test("nothing more goes to a channel that the broker has closed", async () => {
  for (const event of ["error", "close"]) {
    const { pieces, channel, wire, send } = wired();
    send("not yet on its way");
    channel.emit(event, new Error("closed by the broker"));
    assert.equal(wire.open, false, event);
    await turn();
    assert.deepEqual(pieces, [], event);
  }
});

test("it is full until the channel says that there is room again", async () => {
  const { channel, wire, send } = wired(1);
  assert.equal(wire.full, false);
  send("one");
  await turn();
  assert.equal(wire.full, true);
  channel.emit("drain");
  assert.equal(wire.full, false);
});

test("another amqplib, without the streams of this one, is an error that says so", () => {
  const channel = Object.assign(new EventEmitter(), { ch: 1, connection: { frameMax: 131_072 } });
  assert.throws(() => new ChannelWire(channel as unknown as Channel), /amqplib/);
});

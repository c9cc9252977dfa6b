import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { seeded } from "./random.js";

const kinds: ((random: () => number) => Buffer)[] = [
  () => Buffer.from(`<img src=x onerror="boom()">`),
  () => Buffer.from(`"><script>boom()</script>`),
  () =>
    Buffer.from("<style>*{display:none}</style></li></ol><iframe srcdoc='<script>parent.boom()</script>'>"),
  () => Buffer.from("javascript:boom()"),
  () => Buffer.from("\u202egnp.exe\u202c \u2066left\u2069 \u200b\ufeff"),
  () => Buffer.from("\x1b]0;title\x07\x1b[2J\r\n\t\0 forged [x] Done"),
  () => Buffer.from("wide 漢字 👩‍👩‍👧‍👦 ".repeat(40)),
  () => Buffer.from("x".repeat(5_000)),
  () => Buffer.from(`${"Z\u0351\u036b\u0343\u036a".repeat(50)}`),
  (random) => Buffer.from(Array.from({ length: 300 }, () => Math.floor(random() * 256))),
  () => Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
  () => Buffer.from("__proto__"),
  () => Buffer.from("."),
  () => Buffer.alloc(0),
];

/** So many bodies with markup, script, control and bidirectional characters, any bytes; two of them of 16 MiB. */
export function hostileBodies(count: number): Buffer[] {
  const random = seeded(13);
  const large = [Buffer.alloc(16 * 1024 * 1024, "<b>"), Buffer.alloc(16 * 1024 * 1024, 0xff)];
  return Array.from({ length: count }, (_, at) => {
    const kind = kinds[at % kinds.length] ?? (() => Buffer.alloc(0));
    return (at % 500 === 250 ? large[Math.floor(at / 500)] : undefined) ?? kind(random);
  });
}

/** Publishes them so slowly that each is shown. */
export async function publishSlowly(
  t: TestContext,
  url: string,
  queue: string,
  bodies: Buffer[],
): Promise<void> {
  const connection = await connect(url);
  t.after(() => connection.close().catch(() => {}));
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  for (let at = 0; at < bodies.length; at += 4) {
    for (const body of bodies.slice(at, at + 4))
      channel.sendToQueue(queue, body, {
        messageId: at % 8 === 0 ? `<b>${at}</b>` : "",
        persistent: false,
      });
    await channel.waitForConfirms();
    await sleep(100);
  }
}

import { isUtf8 } from "node:buffer";

/**
 * Characters that control a terminal or mislead a reader: control characters (C0, DEL and C1), invisible and
 * bidirectional ones, line and paragraph separators, halves of surrogate pairs.
 */
const hostile = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** The longest text shown, in characters. */
const LONGEST = 200;

/**
 * Makes any text safe for a terminal: one line, hostile characters escaped visibly (`\x1b`, `\u{202e}`),
 * cut to `longest` characters (default: 200) and "…".
 */
export function printable(text: string, longest = LONGEST): string {
  if (text.length <= longest && !hostile.test(text)) return text;
  let safe = "";
  for (const character of text) {
    const next = hostile.test(character) ? escaped(character.codePointAt(0) ?? 0) : character;
    if (safe.length + next.length > longest) return `${safe}…`;
    safe += next;
  }
  return safe;
}

/** The same for a message body: decoded where it is valid UTF-8, else byte by byte. */
export function printableBody(body: Buffer, longest = LONGEST): string {
  // Decodes no more than is shown: a body may be 100 MB.
  const head = body.subarray(0, longest * 4);
  const text = head.length < body.length ? decodeStart(head) : isUtf8(head) ? head.toString() : undefined;
  if (text !== undefined) return printable(text, longest);
  let bytes = "";
  for (const byte of head) bytes += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : escaped(byte);
  return printable(bytes, longest);
}

/** Decodes the start of a longer body, whose last character may be incomplete; undefined where it is not UTF-8. */
function decodeStart(head: Buffer): string | undefined {
  try {
    return `${new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(head, { stream: true })}…`;
  } catch {
    return undefined;
  }
}

/** Escapes every character of a JSON text that a terminal could act on; its meaning stays the same. */
export function printableJson(json: string): string {
  if (!hostile.test(json)) return json;
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

function escaped(code: number): string {
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
}

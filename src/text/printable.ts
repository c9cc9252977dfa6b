import { isUtf8 } from "node:buffer";

/**
 * What a terminal could take for a command, or a reader for something else: control characters (C0, DEL
 * and C1), invisible and bidirectional ones, line and paragraph separators, halves of surrogate pairs.
 */
const hostile = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** The longest text shown, in characters; more is cut and marked. */
const LONGEST = 200;

/**
 * Makes any text safe for a terminal: one line, what is hostile escaped visibly (`\x1b`, `\u{202e}`),
 * at most `longest` characters (200) and then "…".
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

/** The same for a message body: as UTF-8 where it is that, else byte by byte. */
export function printableBody(body: Buffer, longest = LONGEST): string {
  // Only as much is decoded as can be shown: a body may be 100 MB.
  const head = body.subarray(0, longest * 4);
  const text = head.length < body.length ? decodeStart(head) : isUtf8(head) ? head.toString() : undefined;
  if (text !== undefined) return printable(text, longest);
  let bytes = "";
  for (const byte of head) bytes += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : escaped(byte);
  return printable(bytes, longest);
}

/** The start of a longer body, whose last character may be cut; undefined where it is not UTF-8. */
function decodeStart(head: Buffer): string | undefined {
  try {
    return `${new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(head, { stream: true })}…`;
  } catch {
    return undefined;
  }
}

/** A JSON text in which no character is left that a terminal could act on; it means the same. */
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

import type { Running } from "./command.js";

/** What a command has drawn, frame by frame, with the lines as they are on the screen. */
export const frames = ({ stdout }: Running): string[] =>
  stdout.replaceAll("\r", "").replaceAll("\x1b[K", "").split("\x1b[J").slice(0, -1);

/** Resolves when what it wrote has that many more of a text than now. */
export async function more(command: Running, text: string, times: number): Promise<void> {
  const count = () => command.stdout.split(text).length;
  const from = count();
  await command.until(() => count() >= from + times, `${times} more of ${JSON.stringify(text)}`);
}

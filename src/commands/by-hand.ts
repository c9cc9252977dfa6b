import { existsSync, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { defaults } from "../engine/defaults.js";
import type { Commands, Lesson, LessonOptions } from "../lessons/lesson.js";
import { durationText } from "../text/numbers.js";
import { shellWord } from "../text/shell-word.js";

/** The lines of "By hand": what is typed in each terminal, starting with what starts the broker. */
export function byHandLines(
  lesson: Lesson,
  { workers, file, dotMs }: LessonOptions,
  { url, path }: { url: string | undefined; path: string | undefined },
): string[] {
  const commands = commandsAt(path);
  const terminals = lesson.byHand({
    ...commands,
    workers,
    file: file === undefined ? undefined : pathWord(file),
    dot: dotMs === defaults.dotMs ? "" : ` --dot ${durationText(dotMs)}`,
  });
  const broker = lesson.killsBroker
    ? ["docker compose up -d --wait", "# with Docker, in this project's folder"]
    : [`${commands.taskQueue} broker`];
  const all = url === undefined ? [broker, ...terminals] : terminals;
  const first =
    url === undefined ? [] : ["in each      $ export AMQP_URL=...   # your broker's URL, as with --url"];
  return [...first, ...all.flatMap((lines, at) => terminal(at + 1, lines))];
}

/** What is typed in one terminal; a line that begins with `#` is a note. */
function terminal(number: number, lines: readonly string[]): string[] {
  return lines.map((line, at) => {
    const margin = (at === 0 ? `terminal ${number}` : "").padEnd(13);
    return line.startsWith("#") ? `${margin}  ${line}` : `${margin}$ ${line}`;
  });
}

/** The commands by name where a shell finds them, else by their scripts. @param path the variable PATH */
function commandsAt(path = ""): Commands {
  // npx adds such a folder for what it starts: the shell that is typed in has it not.
  const folders = path.split(delimiter).filter((folder) => !/node_modules[\\/]\.bin[\\/]?$/.test(folder));
  const script = (name: string) => fileURLToPath(new URL(`../${name}.js`, import.meta.url));
  const byScript = (name: string) => {
    const fromHere = relative("", script(name));
    return `node ${pathWord(fromHere.startsWith("..") || isAbsolute(fromHere) ? script(name) : fromHere)}`;
  };
  const typed = (name: string) =>
    folders.some((folder) => isShim(join(folder, name), script(`bin/${name}`)))
      ? name
      : byScript(`bin/${name}`);
  return {
    worker: typed("worker"),
    newTask: typed("new-task"),
    taskQueue: typed("task-queue"),
    forgetful: byScript("lessons/forgetful"),
  };
}

/** Whether npm has made this command for our script: a link to it, or on Windows a .cmd file. */
function isShim(command: string, script: string): boolean {
  try {
    return process.platform === "win32"
      ? existsSync(`${command}.cmd`)
      : realpathSync(command) === realpathSync(script);
  } catch {
    return false; // not in this folder
  }
}

/** A path as a word of a shell; with slashes, which need no quotes and do on Windows too. */
const pathWord = (path: string): string => shellWord(path.split(sep).join("/"));

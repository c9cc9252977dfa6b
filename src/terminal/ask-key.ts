import { spawnSync } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import type { SocketConstructorOpts, TcpSocketConnectOpts } from "node:net";
import { ReadStream } from "node:tty";
import { askYesNo } from "./prompts.js";
import type { Terminal } from "./terminal.js";

/** How long the rest of a key that sends several bytes, an arrow for instance, may take, in ms. */
const REST_OF_KEY_MS = 20;

/**
 * Asks y/N and takes one key: y is a yes; any other, or none in `patienceMs`, a no. Further keys stay for the shell.
 * Where something is typed ahead, the next commands of a paste for instance, or in the background, it does not ask:
 * undefined.
 */
export async function askKey(
  question: string,
  patienceMs: number,
  terminal: Terminal,
): Promise<boolean | undefined> {
  if (isInBackground()) return undefined;
  const keyboard = openKeyboard();
  if (keyboard === undefined) return askYesNo(question, terminal); // Windows
  const { output } = terminal;
  output.flush();
  keyboard.setRawMode(true); // first: otherwise the terminal keeps a line that is not complete to itself
  try {
    if (isTypedAhead()) return undefined;
    output.write(question);
    const key = await keyboard.key(patienceMs);
    output.write(`${/^[\x21-\x7e]$/.test(key) ? key : ""}\r\n`);
    return key === "y" || key === "Y";
  } finally {
    keyboard.setRawMode(false);
    keyboard.destroy();
  }
}

/**
 * Whether the shell runs this command in the background, where changing the terminal's mode would stop it (SIGTTOU,
 * termios(3)): its process group is not the terminal's foreground one. Known on Linux (proc(5), fields 5 and 8) and where
 * `ps` knows it, as on macOS.
 */
function isInBackground(): boolean {
  const [group, foreground] = processGroups();
  return Number(foreground) > 0 && group !== foreground; // -1 without a terminal of its own
}

function processGroups(): (string | undefined)[] {
  try {
    // The second field, the program's name in parentheses, may have spaces in it.
    const fields = readFileSync("/proc/self/stat", "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return [fields[2], fields[5]];
  } catch {
    const { stdout } = spawnSync("ps", ["-o", "pgid=,tpgid=", "-p", String(process.pid)], {
      encoding: "utf8",
    });
    return stdout?.trim().split(/\s+/) ?? [];
  }
}

/** Whether keys wait in the terminal. Node can only take them, and nothing can put them back; bash can look. */
function isTypedAhead(): boolean {
  return spawnSync("bash", ["-c", "read -t 0"], { stdio: ["inherit", "ignore", "ignore"] }).status === 0;
}

/** The terminal, read one byte at a time; undefined where it cannot be opened. */
function openKeyboard(): Keyboard | undefined {
  try {
    return new Keyboard(openSync("/dev/tty", "r"));
  } catch {
    return undefined;
  }
}

class Keyboard extends ReadStream {
  #onByte: (byte: string) => void = () => {};

  constructor(fd: number) {
    const buffer = Buffer.alloc(1);
    const callback = (): boolean => {
      this.#onByte(buffer.toString("latin1"));
      return false; // reads no further byte until the next `resume`
    };
    // Node documents `onread` for every socket; its types have it for those that connect.
    const options: SocketConstructorOpts & Pick<TcpSocketConnectOpts, "onread"> = {
      onread: { buffer, callback },
    };
    super(fd, options);
    this.on("error", () => {}); // a terminal that is gone: no key comes
  }

  /** Resolves with the next key, all bytes of it; empty where none came in time. */
  async key(patienceMs: number): Promise<string> {
    let key = await this.#byte(patienceMs);
    if (key !== "\x1b" && key < "\x80") return key;
    for (let next = key; next !== ""; key += next) next = await this.#byte(REST_OF_KEY_MS);
    return key;
  }

  #byte(patienceMs: number): Promise<string> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.pause();
        resolve("");
      }, patienceMs);
      this.#onByte = (byte) => {
        clearTimeout(timer);
        resolve(byte);
      };
      this.resume();
    });
  }
}

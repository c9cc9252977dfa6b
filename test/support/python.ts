import { spawnSync } from "node:child_process";

// Debian's own Python has Debian's python3-pika; another one may come first on the PATH.
const pythons = ["/usr/bin/python3", "python3"];

/** A Python that has pika, or undefined. */
export const pythonWithPika: string | undefined = pythons.find(
  (path) => spawnSync(path, ["-c", "import pika"]).status === 0,
);

/** For a test's `skip`. */
export const noPika: string | false =
  pythonWithPika === undefined ? "Python's pika is not installed (Debian: python3-pika)" : false;

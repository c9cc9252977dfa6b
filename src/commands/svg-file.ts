import { access, constants, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";

/** Called before the work starts. @throws WorkQueueError INPUT where a file could not be written there */
export async function checkSvg(path: string): Promise<void> {
  try {
    if (path === "" || path.endsWith("/")) throw new Error("not a file name");
    const existing = await stat(path).catch((error) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
    if (existing?.isDirectory()) throw new Error("that is a directory");
    await access(existing === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** @throws WorkQueueError INPUT */
export async function writeSvg(path: string, svg: string): Promise<void> {
  await writeFile(path, svg).catch((error) => {
    throw cannotWrite(path, error);
  });
}

const cannotWrite = (path: string, error: unknown) =>
  new WorkQueueError("INPUT", `Cannot write "${path}": ${reasonOf(error)}.`, error);

import { access, constants, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { reasonOf, WorkQueueError } from "../queue/errors.js";

/** @throws WorkQueueError INPUT where a file could not be written there */
export async function checkFolder(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((error) => {
    throw cannotWrite(path, error);
  });
}

/** @throws WorkQueueError INPUT */
export async function writeSvg(path: string, svg: string): Promise<void> {
  await writeFile(path, svg).catch((error) => {
    throw cannotWrite(path, error);
  });
}

const cannotWrite = (path: string, error: unknown) =>
  new WorkQueueError("INPUT", `Cannot write "${path}": ${reasonOf(error)}.`, error);

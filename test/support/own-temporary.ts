import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A folder for temporary files of the test's own, so that what is left in it was left by the test; `outside` is for its own. */
export function ownTemporary(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "task-queue-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const outside = mkdtempSync(join(tmpdir(), "task-queue-test-"));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  return { env: { TMPDIR: folder }, left: () => readdirSync(folder), outside };
}

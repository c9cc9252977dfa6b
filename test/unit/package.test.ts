import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const text = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

test("T4: open is not bundled: it is a dependency, loaded from its own package when it is needed", () => {
  const { dependencies } = JSON.parse(text("package.json")) as { dependencies: Record<string, string> };
  assert.ok("open" in dependencies);
  assert.match(text("dist/commands/admin.js"), /await import\("open"\)/);
});

test("nothing runs when the package is installed, which npm would refuse", () => {
  const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
  assert.deepEqual(
    Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name)),
    [],
  );
});

import { readFileSync, writeFileSync } from "node:fs";

/** Replaces the text of a file between `<!-- measured: name -->` and `<!-- end -->`. @throws Error without these lines */
export function replaceMeasured(path, name, text) {
  const page = readFileSync(path, "utf8");
  const start = `<!-- measured: ${name} -->\n`;
  const from = page.indexOf(start) + start.length;
  const to = page.indexOf("<!-- end -->", from);
  if (from < start.length || to < 0) throw new Error(`${path} has no part "measured: ${name}".`);
  writeFileSync(path, `${page.slice(0, from)}\n${text}\n\n${page.slice(to)}`);
}

import { spawnSync } from "node:child_process";

const program = `
import json, sys
from xml.etree import ElementTree
for text in json.load(sys.stdin):
    ElementTree.fromstring(text.encode("utf-8"))
`;

/** Why XML cannot be parsed strictly here, or false: for a test's `skip`. */
export const noXmlParser: string | false =
  spawnSync("python3", ["-c", "import xml.parsers.expat"]).status === 0
    ? false
    : "python3 is needed: its expat parses XML strictly";

/** Throws where one of the texts is not well-formed XML. */
export function parseXml(texts: readonly string[]): void {
  const { status, stderr } = spawnSync("python3", ["-c", program], {
    input: JSON.stringify(texts),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const binary = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
);

/** Why there is no browser to look with, or false: for a test's `skip`. */
export const noChromium: string | false =
  binary === undefined ? "Chromium is not installed (Debian: chromium)" : false;

/** Opens a page with this body, runs the script in it and returns what it evaluates to. */
export function look<T>(body: string, script: string, mode: "light" | "dark"): T {
  const folder = mkdtempSync(join(tmpdir(), "task-queue-page-"));
  try {
    const page = join(folder, "page.html");
    const put = `<script>document.body.outerHTML = "<pre>" + encodeURIComponent(JSON.stringify(${script})) + "</pre>";</script>`;
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><body>${body}${put}</body>`);
    const { stdout, stderr } = spawnSync(
      binary ?? "",
      [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"],
        `--user-data-dir=${join(folder, "profile")}`,
        `--blink-settings=preferredColorScheme=${mode === "dark" ? 0 : 1}`, // Blink's numbers for them
        `file://${page}`,
      ],
      { encoding: "utf8", env: { ...process.env, HOME: folder } },
    );
    const [, json] = /<pre>([^<]*)<\/pre>/.exec(stdout) ?? [];
    if (json === undefined) throw new Error(`The page was not dumped: ${stdout}${stderr}`);
    return JSON.parse(decodeURIComponent(json)) as T;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Scope } from "../support/scope.js";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

interface Manifest {
  name: string;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
}

export const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** A project with the package as npm publishes it in its node_modules, beside the packages that it depends on. */
export class Consumer {
  readonly folder: string;
  /** What `npm pack` has made. */
  readonly tarball: string;
  /** The installed package. */
  readonly installed: string;

  constructor(t: Scope) {
    this.folder = mkdtempSync(join(tmpdir(), "consumer-"));
    t.after(() => rmSync(this.folder, { recursive: true }));
    // Not its scripts: `prepack` would delete and build what other tests run at this moment.
    const words = ["pack", "--ignore-scripts", "--pack-destination", this.folder];
    execFileSync("npm", words, { cwd: root, stdio: "ignore", shell: process.platform === "win32" });
    const [tarball = ""] = readdirSync(this.folder);
    this.tarball = join(this.folder, tarball);
    this.installed = join(this.folder, "node_modules", manifest.name);
    mkdirSync(this.installed, { recursive: true });
    execFileSync("tar", ["-xzf", this.tarball, "-C", this.installed, "--strip-components=1"]);
    for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
      const link = join(this.folder, "node_modules", name);
      mkdirSync(join(link, ".."), { recursive: true });
      symlinkSync(join(root, "node_modules", name), link, "junction");
    }
  }

  /** The files of the package, with `/` between folders. */
  get files(): string[] {
    return readdirSync(this.installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(this.installed.length + 1)
          .replaceAll("\\", "/"),
      );
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs a script with Node in the project's folder. */
  node(...words: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, words, { cwd: this.folder, encoding: "utf8" });
  }
}
